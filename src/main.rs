use std::process::ExitCode;

fn main() -> ExitCode {
    postcase::cli::main()
}
