//! From durations to heights.

use std::time::Duration;

use crate::report::durations::Durations;
use crate::report::words::exact;

/// The height of a plot, and where its curves are.
pub(super) const HEIGHT: usize = 400;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 394.0;
/// From which ratio of the longest to the median on a linear scale would show nothing but the
/// longest.
const STEEP: f64 = 25.0;

/// How durations become heights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    /// Whether each step up is a multiple of the one before.
    pub(super) is_logarithmic: bool,
}

impl Scale {
    /// Returns the one on which all of these can be seen.
    pub(super) fn of(durations: &Durations) -> Self {
        let spreads = durations.columns.iter().filter_map(|column| column.took);
        let shortest = spreads
            .clone()
            .map(|spread| spread.shortest)
            .min()
            .unwrap_or_default();
        let longest = spreads
            .map(|spread| spread.longest)
            .max()
            .unwrap_or_default();
        let median = durations.whole.map_or(longest, |spread| spread.median);
        let seconds = |span: Duration| span.as_secs_f64().max(1e-9);
        let high = seconds(longest);
        let is_logarithmic = high / seconds(median) > STEEP;
        let low = if is_logarithmic {
            seconds(shortest) * 0.8
        } else {
            0.0
        };
        Scale {
            low,
            high: high * 1.02,
            is_logarithmic,
        }
    }

    /// Returns how high a duration is, from the top.
    pub(super) fn y(&self, span: Duration) -> f64 {
        self.height(span.as_secs_f64())
    }

    fn height(&self, seconds: f64) -> f64 {
        let share = if self.is_logarithmic {
            libm::log(seconds.max(self.low) / self.low) / libm::log(self.high / self.low)
        } else {
            seconds / self.high
        };
        BOTTOM - share.clamp(0.0, 1.0) * (BOTTOM - TOP)
    }

    /// Returns heights with their durations, such as people would choose.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.is_logarithmic {
            self.decades()
        } else {
            self.steps()
        };
        let named = values.into_iter().map(|seconds| {
            let name = exact(Duration::from_secs_f64(seconds));
            (self.height(seconds), name)
        });
        named.collect()
    }

    fn steps(&self) -> Vec<f64> {
        const MOST: f64 = 4.0;
        let step = round_spans().find(|step| self.high / step < MOST);
        let step = step.unwrap_or(self.high);
        let times = (1..=3).map(|times| f64::from(times) * step);
        times.filter(|value| *value <= self.high).collect()
    }

    fn decades(&self) -> Vec<f64> {
        let within = |span: &f64| (self.low..=self.high).contains(span);
        let decades: Vec<f64> = tens().filter(within).collect();
        let every = decades.len().div_ceil(5).max(1);
        decades.into_iter().step_by(every).collect()
    }
}

/// Returns spans in seconds that people count in, from the shortest.
fn round_spans() -> impl Iterator<Item = f64> {
    let below = (-9..0).flat_map(|tens| [1.0, 2.0, 5.0].map(|times| times * 10f64.powi(tens)));
    let sixties = [1.0, 60.0].into_iter();
    let above =
        sixties.flat_map(|unit| [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0].map(|times| times * unit));
    let hours = [1.0, 2.0, 4.0, 6.0, 12.0, 24.0, 48.0, 120.0, 240.0].map(|hours| hours * 3600.0);
    below.chain(above).chain(hours)
}

fn tens() -> impl Iterator<Item = f64> {
    let below = (-9..1).map(|tens| 10f64.powi(tens));
    below.chain([10.0, 60.0, 600.0, 3600.0, 36_000.0, 360_000.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(low: f64, high: f64, is_logarithmic: bool) -> Vec<String> {
        let scale = Scale {
            low,
            high,
            is_logarithmic,
        };
        let ticks = scale.ticks();
        assert!(
            ticks.iter().all(|(y, _)| (TOP..=BOTTOM).contains(y)),
            "{ticks:?}"
        );
        ticks.into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn lines_are_where_people_would_draw_them() {
        assert_eq!(names(0.0, 3.4, false), ["1s", "2s", "3s"]);
        assert_eq!(names(0.0, 0.000_7, false), ["200µs", "400µs", "600µs"]);
        assert_eq!(names(0.0, 1_400.0, false), ["10m", "20m"]);
        assert_eq!(names(0.0, 90_000.0, false), ["12h", "1day"]);
        assert_eq!(names(0.3, 100.0, true), ["1s", "10s", "1m"]);
        assert_eq!(names(1e-9, 1e6, true).len(), 4);
    }

    #[test]
    fn nothing_is_drawn_outside() {
        for is_logarithmic in [false, true] {
            let scale = Scale {
                low: if is_logarithmic { 1e-9 } else { 0.0 },
                high: 10.0,
                is_logarithmic,
            };
            for span in [Duration::ZERO, Duration::from_secs(10), Duration::MAX] {
                let y = scale.y(span);
                assert!((TOP..=BOTTOM).contains(&y), "{span:?}: {y}");
            }
        }
    }
}
