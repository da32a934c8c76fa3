//! A provider that plays the vectors of a file.
