"""lh_eval inside other frameworks, each imported only by those who use it."""
