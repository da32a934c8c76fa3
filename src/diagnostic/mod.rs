//! What a person is told about a file: where, what, why, and the change to make.
