//! Templates and paths behind one value.
