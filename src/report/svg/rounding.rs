//! Places in a drawing as whole numbers.

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a drawing, which is small and positive"
)]
pub(super) fn whole(number: f64) -> usize {
    number.round().max(0.0) as usize
}
