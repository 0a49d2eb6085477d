package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// stopPatience is how long a stop may take: open associations and uploads may
// finish.
const stopPatience = 60 * time.Second

func (c *serviceInstall) install(program string) error {
	if c.Data == "" {
		c.Data = filepath.Join(os.Getenv("ProgramData"), "Yuanzhen", "data")
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("service manager (run as administrator): %w", err)
	}
	defer m.Disconnect()
	s, err := m.CreateService(serviceName, program, mgr.Config{
		DisplayName: "Yuanzhen hub", Description: "Yuanzhen: remote imaging and ECG diagnosis",
		StartType: mgr.StartAutomatic, DelayedAutoStart: true,
		ServiceStartName: `NT SERVICE\` + serviceName, // an account of its own, made by Windows
	}, c.arguments()...)
	if err != nil {
		return err
	}
	defer s.Close()
	restart := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: 2 * time.Second}, {Type: mgr.ServiceRestart, Delay: 10 * time.Second},
		{Type: mgr.ServiceRestart, Delay: time.Minute}}
	err = errors.Join(s.SetRecoveryActions(restart, uint32((24*time.Hour).Seconds())), grant(c.Data))
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		return errors.Join(err, s.Delete())
	}
	return nil
}

// grant gives the service's account, and administrators, the data folder and
// nobody else.
func grant(folder string) error {
	account, _, _, err := windows.LookupSID("", `NT SERVICE\`+serviceName)
	if err != nil {
		return fmt.Errorf("account of the service: %w", err)
	}
	access := "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;" + account.String() + ")" // SDDL: system, administrators, service
	sd, err := windows.SecurityDescriptorFromString(access)
	if err != nil {
		return err
	}
	list, _, err := sd.DACL()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(folder, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION,
		nil, nil, list, nil)
}

func uninstall() error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("service manager (run as administrator): %w", err)
	}
	defer m.Disconnect()
	s, err := m.OpenService(serviceName)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := s.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return err
	}
	for end := time.Now().Add(stopPatience); ; time.Sleep(time.Second) {
		state, err := s.Query()
		if err != nil {
			return err
		}
		if state.State == svc.Stopped {
			return s.Delete()
		}
		if time.Now().After(end) {
			return errors.New("it does not stop")
		}
	}
}

// asService runs the hub when Windows' service manager started it, and reports
// whether it did. What the hub prints goes to hub.log in its folder.
func asService(hub func(context.Context) error) (bool, error) {
	is, err := svc.IsWindowsService()
	if err != nil || !is {
		return false, err
	}
	if err := logToFile(); err != nil {
		return true, err
	}
	h := &handler{hub: hub}
	return true, errors.Join(svc.Run(serviceName, h), h.err)
}

// maxLog is the size at which hub.log starts anew, keeping one old file.
const maxLog = 64 << 20

func logToFile() error {
	folder := "."
	if i := slices.Index(os.Args, "--data"); i >= 0 && i+1 < len(os.Args) {
		folder = os.Args[i+1]
	}
	path := filepath.Join(folder, "hub.log")
	if st, err := os.Stat(path); err == nil && st.Size() > maxLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err == nil {
		os.Stdout, os.Stderr = f, f
	}
	return err
}

// handler is the hub as Windows sees it.
type handler struct {
	hub func(context.Context) error
	err error
}

// Execute implements svc.Handler.
func (h *handler) Execute(_ []string, asked <-chan svc.ChangeRequest, state chan<- svc.Status) (bool, uint32) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- h.hub(ctx) }()
	running := svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	state <- running
	for {
		select {
		case h.err = <-ended:
			if h.err != nil {
				fmt.Fprintln(os.Stderr, "hub:", h.err)
				return false, 1
			}
			return false, 0
		case r := <-asked:
			switch r.Cmd {
			case svc.Interrogate:
				state <- running
			case svc.Stop, svc.Shutdown:
				state <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopPatience.Milliseconds())}
				stop()
			}
		}
	}
}
