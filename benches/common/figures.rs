//! Medians, spreads and percentiles.

use std::time::Duration;

/// A set of measurements, ascending.
#[derive(Debug, Clone, Default)]
pub struct Figures(Vec<f64>);

impl Figures {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Figures {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Figures(values)
    }

    /// The value below which `share` (0 to 1) of all lie, between neighbours where it falls between them.
    pub fn percentile(&self, share: f64) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else { return 0.0 };
        let place = share * last as f64;
        let (below, above) = (self.0[place.floor() as usize], self.0[place.ceil() as usize]);
        below + (above - below) * place.fract()
    }

    pub fn median(&self) -> f64 {
        self.percentile(0.5)
    }

    /// How far the middle half of all measurements lie apart, as a share of the median.
    pub fn spread(&self) -> f64 {
        let median = self.median();
        if median == 0.0 { 0.0 } else { (self.percentile(0.75) - self.percentile(0.25)) / median }
    }

    pub fn largest(&self) -> f64 {
        self.0.last().copied().unwrap_or_default()
    }
}

pub fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
