//! Runs the steps of a sign-in in order.
