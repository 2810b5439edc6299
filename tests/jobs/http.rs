//! The stories of jobs, on a board behind a server: the same tests, at another board.

use crate::everywhere::stories_everywhere;

macro_rules! stories {
    ($($module:ident: $($test:ident),+;)+) => {
        $(mod $module {
            $(
                #[test]
                fn $test() {
                    crate::http_place::behind_a_server(crate::$module::$test);
                }
            )+
        })+
    };
}

stories_everywhere!(stories);
