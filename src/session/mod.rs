//! Who is signed in, and the sign-in that is under way.
