//! `exclude = [{ from = "22:00", to = "06:00" }]`.

use std::ops::Range;

use super::job_reader::{JobReader, ReadTable, TableKeys};
use crate::config::options::ConfigSection;
use crate::config::raw::Raw;
use crate::schedule::{ExcludeWindow, WindowError, weekdays_of};

const EXAMPLE: &str = "exclude = [{ from = \"22:00\", to = \"06:00\", days = \"mon-fri\" }]";

impl JobReader<'_> {
    /// Reads the windows in which a schedule posts nothing.
    pub(super) fn exclude(&mut self, table: &ReadTable<'_>) -> Vec<ExcludeWindow> {
        let Some(raw) = table.raw("exclude") else {
            return Vec::new();
        };
        let items = self.items("`exclude`", raw, EXAMPLE).unwrap_or_default();
        let windows = items.iter().filter_map(|item| self.window(item));
        windows.collect()
    }

    fn window(&mut self, raw: &Raw) -> Option<ExcludeWindow> {
        let entries = self.entries("a window of `exclude`", raw, EXAMPLE)?;
        let keys = [TableKeys::Section(ConfigSection::Exclude)];
        let table = self.table(&keys, entries, &raw.span, "a window of `exclude`");
        if table.raw("from").is_none() && table.raw("to").is_none() && table.raw("days").is_none() {
            let message = "a window of `exclude` has no time".to_owned();
            self.error(&raw.span, message, &format!("for example `{EXAMPLE}`"));
            return None;
        }
        let mut minute = |key| {
            let text: Option<String> = table.layer.get(key);
            let parsed = ExcludeWindow::minute_of(&text?);
            self.fitting(parsed, &table, key, "for example `\"22:00\"`")
        };
        let (from, to) = (minute("from"), minute("to"));
        let days: Option<String> = table.layer.get("days");
        let days = days.and_then(|text| {
            let help = "for example `\"mon-fri\"` or `\"sat,sun\"`";
            self.fitting(weekdays_of(&text), &table, "days", help)
        });
        Some(ExcludeWindow {
            from: from.unwrap_or(0),
            to: to.unwrap_or(0),
            days: days.unwrap_or(ExcludeWindow::EVERY_DAY),
            note: table.layer.get("note").unwrap_or_default(),
        })
    }

    fn fitting<T>(
        &mut self,
        parsed: Result<T, WindowError>,
        table: &ReadTable<'_>,
        key: &str,
        help: &str,
    ) -> Option<T> {
        parsed
            .map_err(|error| {
                let span: Range<usize> = table.raw(key).map_or(0..0, |raw| raw.span.clone());
                self.error(&span, format!("`{key}`: {error}"), help);
            })
            .ok()
    }
}
