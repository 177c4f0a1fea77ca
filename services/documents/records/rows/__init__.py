"""TODO services.documents.records.rows"""
