//! Tokens that show what they are: by their prefix, by their form, or by the word before them.

use std::ops::Range;

use super::bytes::{count, is_word, starts_word};
use super::encodings::unbase64;

/// The longest token that is looked for.
const MOST_BYTES: usize = 16 * 1024;

/// Beginnings of tokens that their makers chose to be recognised, with the fewest characters that
/// follow.
const PREFIXES: &[(&[u8], usize)] = &[
    (b"AGE-SECRET-KEY-1", 20),
    (b"AIza", 30),
    (b"ATATT3", 20),
    (b"CCIPAT_", 20),
    (b"EAACEdEose0cBA", 1),
    (b"EAAG", 60),
    (b"GOCSPX-", 20),
    (b"GR1348941", 16),
    (b"NRAK-", 20),
    (b"PMAK-", 20),
    (b"SG.", 20),
    (b"atlasv1", 20),
    (b"dapi", 32),
    (b"dckr_pat_", 16),
    (b"doo_v1_", 20),
    (b"dop_v1_", 20),
    (b"dor_v1_", 20),
    (b"dp.pt.", 30),
    (b"dp.st.", 20),
    (b"dt0c01.", 20),
    (b"figd_", 20),
    (b"fio-u-", 30),
    (b"fm2_", 30),
    (b"gho_", 16),
    (b"ghp_", 16),
    (b"ghr_", 16),
    (b"ghs_", 16),
    (b"ghu_", 16),
    (b"github_pat_", 16),
    (b"glagent-", 16),
    (b"glc_", 20),
    (b"glcbt-", 16),
    (b"gldt-", 16),
    (b"glffct-", 16),
    (b"glft-", 16),
    (b"glimt-", 16),
    (b"gloas-", 16),
    (b"glpat-", 16),
    (b"glptt-", 16),
    (b"glrt-", 16),
    (b"glsa_", 20),
    (b"glsoat-", 16),
    (b"gsk_", 20),
    (b"hf_", 20),
    (b"hvb.", 20),
    (b"hvr.", 20),
    (b"hvs.", 20),
    (b"key-", 32),
    (b"lin_api_", 16),
    (b"lsv2_pt_", 20),
    (b"lsv2_sk_", 20),
    (b"nfp_", 30),
    (b"npm_", 20),
    (b"ntn_", 20),
    (b"nvapi-", 30),
    (b"ops_eyJ", 20),
    (b"pat-eu1-", 20),
    (b"pat-na1-", 20),
    (b"phx_", 30),
    (b"pk_live_", 16),
    (b"pplx-", 30),
    (b"pscale_oauth_", 16),
    (b"pscale_pw_", 16),
    (b"pscale_tkn_", 16),
    (b"pul-", 32),
    (b"pypi-", 16),
    (b"r8_", 30),
    (b"re_", 24),
    (b"rk_live_", 16),
    (b"rk_test_", 16),
    (b"rubygems_", 20),
    (b"sbp_", 32),
    (b"secret_", 32),
    (b"sgp_", 30),
    (b"shpat_", 20),
    (b"shpca_", 20),
    (b"shppa_", 20),
    (b"shpss_", 20),
    (b"sk-", 20),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"sl.", 100),
    (b"sntrys_", 20),
    (b"sntryu_", 20),
    (b"sq0atp-", 16),
    (b"sq0csp-", 16),
    (b"tskey-", 16),
    (b"whsec_", 20),
    (b"xai-", 40),
    (b"xapp-", 10),
    (b"xkeysib-", 20),
    (b"xoxa-", 10),
    (b"xoxb-", 10),
    (b"xoxc-", 10),
    (b"xoxd-", 10),
    (b"xoxe-", 10),
    (b"xoxe.", 10),
    (b"xoxo-", 10),
    (b"xoxp-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"ya29.", 20),
];

/// Paths of web hooks; what follows is the secret.
const HOOKS: [&[u8]; 4] = [
    b"hooks.slack.com/services/",
    b"discord.com/api/webhooks/",
    b"discordapp.com/api/webhooks/",
    b"webhook.office.com/webhookb2/",
];

/// Words of HTTP and SMTP after which a credential stands.
const SCHEMES: [&[u8]; 5] = [b"bearer", b"basic", b"plain", b"login", b"negotiate"];

/// Returns the token of the word that begins at `at`.
pub(super) fn at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    match rest[0] {
        b'0'..=b'9' => telegram(rest).map(|len| at..at + len),
        b'A' if rest.len() >= 20 => access_key_id(rest).map(|len| at..at + len),
        b'S' if rest.starts_with(b"SK") => twilio(rest).map(|len| at..at + len),
        b'M'..=b'O' => discord(rest).map(|len| at..at + len),
        _ => None,
    }
    .or_else(|| prefixed(rest).map(|len| at..at + len))
    .or_else(|| jwt(rest).map(|len| at..at + len))
    .or_else(|| after_scheme(text, at))
    .or_else(|| hook(text, at))
}

/// Returns whether a text that was cut ends in the beginning of a token, as its length.
pub(super) fn cut_at_end(text: &[u8]) -> usize {
    let len = text
        .iter()
        .rev()
        .take(MOST_BYTES)
        .take_while(|c| is_token(**c))
        .count();
    let start = text.len() - len;
    let mut words = (start..text.len()).filter(|&at| starts_word(text, at));
    let begins = |at: &usize| {
        let word = &text[*at..];
        word.starts_with(b"eyJ")
            || (word.starts_with(b"AKIA") || word.starts_with(b"ASIA"))
            || PREFIXES.iter().any(|(prefix, _)| word.starts_with(prefix))
    };
    words.find(begins).map_or(0, |at| text.len() - at)
}

fn prefixed(rest: &[u8]) -> Option<usize> {
    let (prefix, fewest) = PREFIXES
        .iter()
        .find(|(prefix, _)| rest.starts_with(prefix))?;
    let len = prefix.len() + count(&rest[prefix.len()..], MOST_BYTES, is_token);
    let token = &rest[prefix.len()..len];
    // `key-value-store-of-the-second-cluster`, `re_export_of_something_or_other`
    let has_digit = token.iter().any(u8::is_ascii_digit);
    let has_capital = token.iter().any(u8::is_ascii_uppercase);
    // Some are base64 as a whole, with its padding.
    let padding = count(&rest[len..], MOST_BYTES, |c| {
        is_token(c) || b"+/=".contains(&c)
    });
    let len = if prefix.ends_with(b"_") {
        len + padding
    } else {
        len
    };
    (token.len() >= *fewest && (has_digit || has_capital)).then_some(len)
}

/// `AKIA` and 16 capitals and digits: the name of a key of AWS, which goes with its secret.
fn access_key_id(rest: &[u8]) -> Option<usize> {
    let known = [&b"AKIA"[..], b"ASIA", b"ABIA", b"ACCA"];
    let len = count(rest, 40, |c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let ends = !rest.get(len).copied().is_some_and(is_word);
    (known.iter().any(|prefix| rest.starts_with(prefix)) && len == 20 && ends).then_some(len)
}

/// `123456789:AA…`: the token of a bot of Telegram.
fn telegram(rest: &[u8]) -> Option<usize> {
    let id = count(rest, 11, |c| c.is_ascii_digit());
    if !(8..=10).contains(&id) || !rest[id..].starts_with(b":AA") {
        return None;
    }
    let secret = count(&rest[id + 1..], 64, is_token);
    (secret >= 30).then_some(id + 1 + secret)
}

/// `SK` and 32 hexadecimal digits: a key of Twilio.
fn twilio(rest: &[u8]) -> Option<usize> {
    let digits = count(&rest[2..], 40, |c| c.is_ascii_hexdigit());
    let ends = !rest.get(2 + digits).copied().is_some_and(is_word);
    (digits == 32 && ends).then_some(2 + digits)
}

/// The number of a bot in base64, a time and a signature, joined with dots: a token of Discord.
fn discord(rest: &[u8]) -> Option<usize> {
    let is_part = |c: u8| is_word(c) || c == b'-';
    let id = count(rest, 32, is_part);
    let time = count(rest.get(id + 1..)?, 8, is_part);
    let signature = count(rest.get(id + time + 2..)?, 64, is_part);
    let dots = rest[id] == b'.' && rest[id + 1 + time] == b'.';
    let number = unbase64(&rest[..id]).is_some_and(|id| id.iter().all(u8::is_ascii_digit));
    let secret = dots && (23..=28).contains(&id) && (5..=7).contains(&time) && signature >= 25;
    (secret && number).then_some(id + time + signature + 2)
}

/// Three base64 words joined with dots, the first of which is a JSON object; also where the rest
/// was cut off.
fn jwt(rest: &[u8]) -> Option<usize> {
    if !rest.starts_with(b"eyJ") {
        return None;
    }
    let len = count(rest, MOST_BYTES, |c| is_token(c) || b"+/=".contains(&c));
    (len >= 16).then_some(len)
}

fn after_scheme(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let scheme = SCHEMES.iter().find(|scheme| {
        rest.len() > scheme.len() && rest[..scheme.len()].eq_ignore_ascii_case(scheme)
    })?;
    let gap = count(&rest[scheme.len()..], 3, |c| c == b' ' || c == b'+');
    let start = scheme.len() + gap;
    let is_68 = |c: u8| is_token(c) || b"~+/=".contains(&c);
    let len = count(&rest[start..], MOST_BYTES, is_68);
    let token = trim_end(&rest[start..start + len]);
    let secret = match scheme[0] {
        b'b' if scheme.len() == 6 => is_bearer(token),
        b'n' => token.len() >= 24,
        _ => is_login(token),
    };
    (gap > 0 && secret).then_some(at + start..at + start + token.len())
}

fn trim_end(token: &[u8]) -> &[u8] {
    let dots = token.iter().rev().take_while(|&&c| c == b'.').count();
    &token[..token.len() - dots]
}

/// A word of prose after "bearer" has no digit, is short, and no capital inside.
fn is_bearer(token: &[u8]) -> bool {
    let odd = |c: &u8| c.is_ascii_digit() || c.is_ascii_uppercase() || b"_~+/".contains(c);
    // `Bearer error="invalid_token"` is what a server answers.
    let (name, tail) = (token.strip_suffix(b"="), token.get(1..).unwrap_or_default());
    if name.is_some_and(|name| name.iter().all(u8::is_ascii_lowercase)) {
        return false;
    }
    token.len() >= 24 || (token.len() >= 6 && tail.iter().any(odd))
}

fn is_login(token: &[u8]) -> bool {
    let decoded = unbase64(token).unwrap_or_default();
    let separates = |c: &u8| *c == b':' || *c == 0;
    token.len() >= 6
        && decoded.iter().any(separates)
        && decoded.iter().all(|c| *c >= b' ' || *c == 0)
}

fn hook(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let path = HOOKS.iter().find(|path| rest.starts_with(path))?;
    let len = count(&rest[path.len()..], MOST_BYTES, |c| {
        is_token(c) || b"/@%".contains(&c)
    });
    (len >= 8).then_some(at + path.len()..at + path.len() + len)
}

fn is_token(c: u8) -> bool {
    is_word(c) || c == b'-' || c == b'.'
}
