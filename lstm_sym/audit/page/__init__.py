"""The result of an audit to read: a document in three languages, and all of it as data."""
