//! A library with a task whose name another library has as well.

pub mod tasks {
    //! Tasks.

    #[run_functions::task]
    fn sync() {
        println!("this is dupa");
    }

    #[run_functions::task(name = "dupa")]
    fn chosen() {
        println!("chosen by dupa");
    }
}
