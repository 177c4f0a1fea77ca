-- Lists of documents that are kept show names of tags, and to patients only some.
CREATE OR REPLACE TRIGGER document_tags_told
AFTER UPDATE OR DELETE ON document_tags
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_documents();
