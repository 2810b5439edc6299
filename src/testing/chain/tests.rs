use crate::config::defaults::{max_mails_per_hour, settings_of_function};
use crate::config::{self, CommandLineLayers, Inputs};

#[test]
fn its_defaults_are_those_of_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let mut inputs = Inputs::of_process(CommandLineLayers::default()).unwrap();
    (inputs.cwd, inputs.etc) = (dir.path().to_owned(), dir.path().to_owned());
    inputs.environment.clear();
    std::fs::write(
        dir.path().join("run_functions.toml"),
        "[tasks.a]\ncommand = [\"true\"]\n",
    )
    .unwrap();
    let loaded = config::load(&inputs).unwrap();
    let of_file = &loaded.resolve(&["tasks::a".to_owned()]).unwrap()[0].settings;
    let ours = settings_of_function(None);
    assert_eq!(
        (
            ours.success_cooldown,
            ours.fail_cooldown,
            ours.non_recoverable_downtime
        ),
        (
            of_file.success_cooldown,
            of_file.fail_cooldown,
            of_file.non_recoverable_downtime
        )
    );
    assert_eq!(max_mails_per_hour(), loaded.settings.mail.max_per_hour);
}
