//! Text becomes a tree in which every node knows its place.
