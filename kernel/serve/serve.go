// Package serve is the command that serves Jupyter front ends: it brings together
// the protocol, the history and a worker. It links no interpreter, so that a
// program with this command alone is small.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"divvy/kernel/exit"
	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/history"
	"divvy/kernel/modules"
)

// Command is the serve command. The worker is the given program; an empty one is
// the program that runs.
func Command(worker string) *cobra.Command {
	var file, level string
	cmd := &cobra.Command{
		Use:   "serve --connection-file FILE",
		Short: "Serve Jupyter front ends; the installed kernelspec calls this",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var l slog.Level
			if err := l.UnmarshalText([]byte(level)); err != nil {
				return fmt.Errorf("--log-level: %w", err)
			}
			return serve(cmd.Context(), worker, file, l)
		},
	}
	cmd.Flags().StringVarP(&file, "connection-file", "f", "", "the connection file that Jupyter wrote")
	cmd.MarkFlagRequired("connection-file")
	cmd.Flags().StringVar(&level, "log-level", envOr("DIVVY_LOG", "warn"), "debug, info, warn or error; the log goes to stderr")
	return cmd
}

// historyPath is the file in which all kernels of this user keep what was run:
// DIVVY_HISTORY, or divvy/history.sqlite in the user's configuration directory,
// which unlike a cache is not cleaned away.
func historyPath() (string, error) {
	if path := os.Getenv("DIVVY_HISTORY"); path != "" {
		return path, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding the place of the history: %w", err)
	}
	return filepath.Join(dir, "divvy", "history.sqlite"), nil
}

func envOr(name, value string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return value
}

func serve(ctx context.Context, worker, file string, level slog.Level) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	// The worker comes up while the sockets do. Nothing waits for it: the front
	// end learns about the kernel at once, and a first cell waits in the pipe.
	interpreter := modules.New(worker, ".", log)
	defer interpreter.Close()

	conn, err := jupyter.ReadConnectionFile(file)
	if err != nil {
		return &exit.Error{Code: exit.Usage, Err: err}
	}
	options := jupyter.Options{Log: log}
	if path, err := historyPath(); err != nil {
		log.Warn("the history will not outlive this kernel", "error", err)
	} else {
		past := history.Open(path, log)
		defer past.Close()
		options.History = past
	}
	server, err := jupyter.New(conn, Info(), interpreter, options)
	if err != nil {
		return &exit.Error{Code: exit.Kernel, Err: err}
	}

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for sig := range signals {
			if sig == os.Interrupt { // ends a cell, never the kernel
				if err := server.Interrupt(); err != nil {
					log.Warn("interrupt", "error", err)
				}
				continue
			}
			cancel(errTerminated)
		}
	}()
	go watchParent(ctx, cancel)

	if err := server.Serve(ctx); err != nil && !errors.Is(err, errTerminated) && !errors.Is(err, errParentGone) {
		return &exit.Error{Code: exit.Kernel, Err: err}
	}
	return nil
}

var (
	errTerminated = errors.New("terminated by a signal")
	errParentGone = errors.New("the process that started the kernel is gone")
)

// watchParent ends the kernel when the Jupyter server that started it dies
// without a word. Jupyter names itself in JPY_PARENT_PID; the watch applies only
// where that is this process's parent, so not under a wrapper, nor on Windows,
// where the variable holds a handle.
func watchParent(ctx context.Context, cancel context.CancelCauseFunc) {
	parent, err := strconv.Atoi(os.Getenv("JPY_PARENT_PID"))
	if err != nil || parent <= 1 || os.Getppid() != parent {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if os.Getppid() != parent {
				cancel(errParentGone)
				return
			}
		}
	}
}
