package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// serviceName is what the system calls the hub's service.
const serviceName = "yuanzhen-hub"

type serviceCommand struct {
	Install   serviceInstall   `cmd:"" help:"Let the system start the hub by itself (systemd; Windows services). Needs the administrator."`
	Uninstall serviceUninstall `cmd:"" help:"Stop the service and forget it; data stay."`
}

type serviceInstall struct {
	Settings string `name:"config" help:"YAML file with the hub's settings." type:"path"`
	Data     string `help:"Folder of the hub; default the system's place for it." type:"path"`
	User     string `help:"Account the service runs as, made before (Linux)." default:"yuanzhen"`
}

// Run installs the service and starts it.
func (c *serviceInstall) Run(out io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return err
	}
	if c.Settings != "" {
		if _, err := os.Stat(c.Settings); err != nil {
			return err
		}
	}
	if err := c.install(program); err != nil {
		return fmt.Errorf("service %s: %w", serviceName, err)
	}
	fmt.Fprintf(out, "service %s is installed and running\n", serviceName)
	return nil
}

// arguments are what the service starts the hub with.
func (c *serviceInstall) arguments() []string {
	args := []string{"serve"}
	if c.Settings != "" {
		args = append(args, "--config", c.Settings)
	}
	if c.Data != "" {
		args = append(args, "--data", c.Data)
	}
	return args
}

type serviceUninstall struct{}

// Run removes the service.
func (c *serviceUninstall) Run(out io.Writer) error {
	if err := uninstall(); err != nil {
		return fmt.Errorf("service %s: %w", serviceName, err)
	}
	fmt.Fprintf(out, "service %s is removed; the hub's data stay where they are\n", serviceName)
	return nil
}
