//! A library with a task whose name another library has as well.

pub mod tasks {
    //! Tasks.

    #[run_functions::task]
    fn sync() {
        println!("this is dupb");
    }

    #[run_functions::task(name = "dupb")]
    fn chosen() {
        println!("chosen by dupb");
    }
}
