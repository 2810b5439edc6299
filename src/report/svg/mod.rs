//! Drawings. They are as wide as the page lets them be; what must keep its form is a stroke: that
//! is not stretched.

mod plot;
mod rounding;
mod scale;
mod strip;

pub(super) use plot::{is_logarithmic, plot};
pub(super) use strip::strip;
