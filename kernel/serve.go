package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"divvy/kernel/jupyter"
	"divvy/kernel/worker"
)

func serveCommand() *cobra.Command {
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
			return serve(cmd.Context(), file, l)
		},
	}
	cmd.Flags().StringVarP(&file, "connection-file", "f", "", "the connection file that Jupyter wrote")
	cmd.MarkFlagRequired("connection-file")
	cmd.Flags().StringVar(&level, "log-level", envOr("DIVVY_LOG", "warn"), "debug, info, warn or error; the log goes to stderr")
	return cmd
}

func envOr(name, value string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return value
}

func serve(ctx context.Context, file string, level slog.Level) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	// The worker comes up while the sockets do. Nothing waits for it: the front
	// end learns about the kernel at once, and a first cell waits in the pipe.
	interpreter := worker.New(worker.Config{Log: log})
	defer interpreter.Close()

	conn, err := jupyter.ReadConnectionFile(file)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	server, err := jupyter.New(conn, kernelInfo(), interpreter, jupyter.Options{Log: log})
	if err != nil {
		return &exitError{exitKernel, err}
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
		return &exitError{exitKernel, err}
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
