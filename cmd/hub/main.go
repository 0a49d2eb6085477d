// Command hub is the alliance's server: `hub serve` works in ./data with no
// configuration, `hub demo` shows the whole road with generated studies.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "dev"

// commands are the hub's commands and their flags.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Run the hub."`
	Demo      demoCommand      `cmd:"" help:"Make a demonstration alliance, send it generated studies and run."`
	Audit     auditCommand     `cmd:"" help:"Check the audit chain."`
	Backup    backupCommand    `cmd:"" help:"Copy the hub into a folder while it runs."`
	Restore   restoreCommand   `cmd:"" help:"Put a backup into an empty hub."`
	Verify    verifyCommand    `cmd:"" help:"Read every stored byte and compare it with its row; exit 1 and name what is wrong."`
	Member    memberCommand    `cmd:"" help:"Add institutions."`
	User      userCommand      `cmd:"" help:"Add accounts."`
	Token     tokenCommand     `cmd:"" help:"Make bearer tokens."`
	Device    deviceCommand    `cmd:"" help:"Register devices."`
	Agreement agreementCommand `cmd:"" help:"Say who reads for whom."`
	Service   serviceCommand   `cmd:"" help:"Let the system start the hub."`
	Ecg       ecgCommand       `cmd:"" help:"Look into ECG files."`
	Config    configCommand    `cmd:"" help:"Print the settings in force, secrets masked."`
	Dicom     dicomCommand     `cmd:"" help:"Look into DICOM files."`

	Version kong.VersionFlag `help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	start := func(ctx context.Context) error { return run(ctx, os.Args[1:], os.Stdout, os.Stderr) }
	done, err := asService(start)
	if !done && err == nil {
		err = start(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "hub:", err)
		os.Exit(1)
	}
}

// run parses args and runs the command they name until it ends or ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c commands
	file := settingsFile{}
	parser, err := kong.New(&c, kong.Name("hub"), kong.Description("Yuanzhen (远诊): remote diagnosis of imaging and ECG."),
		kong.Vars{"version": version}, kong.Writers(stdout, stderr), kong.DefaultEnvars("YUANZHEN"), kong.Configuration(file.load),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(stdout, (*io.Writer)(nil)))
	if err != nil {
		return err
	}
	file.allow(parser.Model.Node)
	k, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return k.Run()
}
