//! Prices per million units, and the two questions asked of them: what did
//! this cost, and how much could it cost.

mod images;
mod quote;
mod rates;
mod reach;
mod text;

pub use images::{ImageKind, ImagePrices};
pub use quote::{Band, Price};
pub use rates::{Rate, Rates};
pub use reach::Reach;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
