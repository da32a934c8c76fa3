//! The arrows of the architecture, and what must stay true of every file.
