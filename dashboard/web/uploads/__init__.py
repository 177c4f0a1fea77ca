"""TODO dashboard.web.uploads"""
