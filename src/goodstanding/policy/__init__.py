"""The policy language: model, reader, expressions, examples, prose."""
