// Command mockkernel serves the tests' mock interpreter to real front ends.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"
	"os/signal"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/jupytertest"
)

func main() {
	conn, err := jupyter.ReadConnectionFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	s, err := jupyter.New(conn, jupytertest.Info(), jupytertest.NewMock(), jupyter.Options{Log: slog.Default()})
	if err != nil {
		log.Fatal(err)
	}
	sigint := make(chan os.Signal, 1)
	signal.Notify(sigint, os.Interrupt)
	go func() {
		for range sigint {
			if err := s.Interrupt(); err != nil {
				log.Print(err)
			}
		}
	}()
	if err := s.Serve(context.Background()); err != nil {
		log.Fatal(err)
	}
}
