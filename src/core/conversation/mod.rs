//! The conversation with the model: what it is told, and what its answers mean.
