use proptest::prelude::*;

use super::*;

fn captured(limit: usize, pieces: &[&[u8]]) -> Output {
    let mut capture = Capture::new(limit);
    for piece in pieces {
        capture.push(piece);
    }
    capture.finish()
}

fn whole(text: &str) -> Output {
    Output {
        head: text.to_owned(),
        ..Output::default()
    }
}

#[test]
fn what_fits_is_kept_whole() {
    assert_eq!(captured(100, &[b"a\n", b"b\n"]), whole("a\nb\n"));
    assert_eq!(captured(10, &[b"0123456789"]), whole("0123456789"));
    assert_eq!(captured(100, &[]), Output::default());
}

#[test]
fn what_does_not_fit_is_cut_in_the_middle_and_counted() {
    let output = captured(10, &[b"0123456", b"789abcdef"]);
    assert_eq!(output.head, "01");
    assert_eq!(output.tail, "89abcdef");
    assert_eq!(output.cut, 6);
}

#[test]
fn a_character_is_never_divided() {
    let output = captured(10, &["aä€€€€€€ä".as_bytes()]);
    assert_eq!((output.head.as_str(), output.tail.as_str()), ("a", "€€ä"));
    assert_eq!(output.cut, 2 + 4 * 3);
}

#[test]
fn bytes_that_are_no_text_are_shown_and_never_exceed_the_limit() {
    assert_eq!(captured(100, &[b"a\xffb\xc3"]), whole("a\u{fffd}b\u{fffd}"));
    let output = captured(100, &[&[0xff; 99]]);
    assert!(output.head.len() + output.tail.len() <= 100);
    assert_eq!(output.cut, 99 - 6 - 26);
}

#[test]
fn a_limit_of_nothing_keeps_nothing() {
    let output = captured(0, &[b"abc"]);
    assert_eq!((output.head.as_str(), output.cut), ("", 3));
}

fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = "[a-z\u{e4}\u{20ac}\u{1f600}\n]{0,30}".prop_map(String::into_bytes);
    let bytes = prop::collection::vec(any::<u8>(), 0..30);
    prop::collection::vec(prop_oneof![text, bytes], 0..20)
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec("[a-z\u{e4}\u{20ac}\u{1f600}\n]{0,30}", 0..20)
}

proptest! {
    #[test]
    fn the_limit_holds_for_any_bytes(limit in 0_usize..400, pieces in pieces()) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let output = captured(limit, &pieces);
        prop_assert!(output.head.len() + output.tail.len() <= limit);
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        prop_assert!(output.cut <= total as u64);
        prop_assert_eq!(output.tail.is_empty() || output.cut > 0, true);
    }

    #[test]
    fn of_text_nothing_is_changed_and_the_cut_is_exact(limit in 0_usize..400, pieces in texts()) {
        let all = pieces.concat();
        let pieces: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
        let output = captured(limit, &pieces);
        prop_assert!(all.starts_with(&output.head));
        prop_assert!(all.ends_with(&output.tail));
        let kept = output.head.len() + output.tail.len();
        prop_assert_eq!(output.cut as usize, all.len() - kept);
        // A character has four bytes at most, and there are two cuts.
        prop_assert!(output.cut == 0 || kept + 6 >= limit);
    }
}

#[test]
fn utf_16_with_a_mark_is_decoded() {
    let wide = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff_u16).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let captured = |bytes: &[u8], limit: usize| {
        let mut capture = Capture::new(limit);
        for part in bytes.chunks(7) {
            capture.push(part);
        }
        capture.finish()
    };
    let whole = captured(&wide("disk full: größer 😀\n"), 1000);
    assert_eq!(
        (whole.head.as_str(), whole.cut),
        ("disk full: größer 😀\n", 0)
    );
    let big: Vec<u8> = wide("no")
        .chunks(2)
        .flat_map(|pair| [pair[1], pair[0]])
        .collect();
    assert_eq!(captured(&big, 1000).head, "no");
    for limit in 100..110 {
        let cut = captured(
            &wide(&format!("begin {} disk full", "語x".repeat(200))),
            limit,
        );
        assert!(cut.head.starts_with("begin "), "{cut:?}");
        assert!(cut.tail.ends_with(" disk full"), "{cut:?}");
        assert!(cut.head.len() + cut.tail.len() <= limit, "{cut:?}");
        assert!(cut.cut > 0);
    }
}
