//! Drawings. They are as wide as the page lets them be; what must keep its form is a stroke: that is not stretched.

mod plot;
mod scale;
mod strip;

pub(super) use plot::{is_logarithmic, plot};
pub(super) use strip::strip;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a drawing, which is small and positive"
)]
fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}
