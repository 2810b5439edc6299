//! Did you mean …?

/// How many are offered.
const MOST: usize = 3;

/// Returns those of `known` that may have been meant by `unknown`, the most likely first.
///
/// The same last part in another module is as near as a name can be: people forget where a function
/// is before they forget what it is called.
pub(crate) fn suggestions<'a>(
    unknown: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let wanted = plain(unknown);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| distance(&wanted, &plain(name)).map(|distance| (distance, name)))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// Letter case, `-` for `_` and `.` for `::` never distinguish two names.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_").replace('.', "::")
}

/// Returns how far apart two names are, unless they are too far apart for one to be meant by the
/// other.
fn distance(wanted: &str, known: &str) -> Option<usize> {
    let (wanted_last, known_last) = (last_part(wanted), last_part(known));
    if wanted_last == known_last {
        return Some(0);
    }
    let whole = strsim::damerau_levenshtein(wanted, known);
    let last = strsim::damerau_levenshtein(wanted_last, known_last);
    // A third of the letters may be wrong, but never all of a short word.
    let bearable = (known_last.chars().count() / 3).max(1);
    if last <= bearable {
        return Some(last);
    }
    let begun = wanted_last.len() >= 3 && known_last.starts_with(wanted_last);
    (whole <= bearable || begun).then_some(whole.min(bearable + 1))
}

fn last_part(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// Returns the candidate that `word` is most probably meant to be, if one is near enough.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const FAR: usize = 4;
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let word = plain(word);
    let allowed = (word.chars().count() / 3).clamp(1, FAR);
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &plain(candidate));
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns a line of help that asks for the nearest candidate.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(word, candidates).map(|meant| format!("did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = [
        "mail::queue::send_mail",
        "tasks::divide_by_zero",
        "tasks::retry_deferred",
        "tasks::sync",
    ];

    #[test]
    fn what_was_meant_is_offered() {
        for (unknown, meant) in [
            ("tasks::send_mail", "mail::queue::send_mail"),
            ("tasks::divide_by_zeor", "tasks::divide_by_zero"),
            ("tasks::divide-by-zero", "tasks::divide_by_zero"),
            ("Tasks.Retry_Deferred", "tasks::retry_deferred"),
            ("tasks::retry", "tasks::retry_deferred"),
            ("task::snyc", "tasks::sync"),
        ] {
            assert_eq!(
                suggestions(unknown, KNOWN).first(),
                Some(&meant),
                "{unknown}"
            );
        }
    }

    #[test]
    fn nothing_is_offered_where_nothing_is_near() {
        for unknown in ["tasks::backup", "tasks::x", "", "::"] {
            assert_eq!(suggestions(unknown, KNOWN), [""; 0], "{unknown:?}");
        }
    }

    #[test]
    fn at_most_three_are_offered_the_nearest_first() {
        let known = ["a::job_10", "a::job_1", "a::job_2", "a::job_3"];
        assert_eq!(suggestions("a::job_1x", known)[0], "a::job_1");
        assert_eq!(suggestions("b::job_9", known).len(), 3);
    }

    #[test]
    fn small_slips_are_understood_and_strangers_are_not() {
        let keys = ["timeout", "success_cooldown", "to"];
        assert_eq!(nearest("sucess-cooldown", keys), Some("success_cooldown"));
        assert_eq!(nearest("TIMEUOT", keys), Some("timeout"));
        assert_eq!(nearest("colour", keys), None);
    }
}
