package interp

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
)

// slogSymbols are the functions of package log/slog that use its default logger,
// which is one of the session: it writes through l until a cell sets another.
func slogSymbols(l *log.Logger) map[string]reflect.Value {
	level := new(slog.LevelVar)
	first := slog.New(logHandler{l: l, level: level})
	var current atomic.Pointer[slog.Logger]
	current.Store(first)
	type ctx = context.Context
	at := func(level slog.Level) reflect.Value {
		return reflect.ValueOf(func(msg string, args ...any) { current.Load().Log(context.Background(), level, msg, args...) })
	}
	atContext := func(level slog.Level) reflect.Value {
		return reflect.ValueOf(func(c ctx, msg string, args ...any) { current.Load().Log(c, level, msg, args...) })
	}
	fn := reflect.ValueOf
	return map[string]reflect.Value{
		"Debug": at(slog.LevelDebug), "Info": at(slog.LevelInfo), "Warn": at(slog.LevelWarn), "Error": at(slog.LevelError),
		"DebugContext": atContext(slog.LevelDebug), "InfoContext": atContext(slog.LevelInfo),
		"WarnContext": atContext(slog.LevelWarn), "ErrorContext": atContext(slog.LevelError),
		"Log": fn(func(c ctx, level slog.Level, msg string, args ...any) { current.Load().Log(c, level, msg, args...) }),
		"LogAttrs": fn(func(c ctx, level slog.Level, msg string, a ...slog.Attr) {
			current.Load().LogAttrs(c, level, msg, a...)
		}),
		"With":    fn(func(args ...any) *slog.Logger { return current.Load().With(args...) }),
		"Default": fn(current.Load),
		"SetDefault": fn(func(to *slog.Logger) {
			current.Store(to)
			if to != first { // which then writes what package log prints, too
				l.SetOutput(slogWriter{to})
				l.SetFlags(0)
			}
		}),
		"SetLogLoggerLevel": fn(func(to slog.Level) slog.Level { defer level.Set(to); return level.Level() }),
	}
}

// slogWriter makes records of what package log prints.
type slogWriter struct{ to *slog.Logger }

func (w slogWriter) Write(p []byte) (int, error) {
	w.to.Info(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// logHandler writes records in the form of package log, as slog's default handler
// does.
type logHandler struct {
	l     *log.Logger
	level slog.Leveler
	with  []func(slog.Handler) slog.Handler
}

func (h logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	var attrs bytes.Buffer
	var text slog.Handler = slog.NewTextHandler(&attrs, &slog.HandlerOptions{Level: slog.Level(math.MinInt), ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	for _, f := range h.with {
		text = f(text)
	}
	if err := text.Handle(ctx, r); err != nil {
		return err
	}
	line := r.Level.String() + " " + r.Message
	if a := strings.TrimSpace(attrs.String()); a != "" {
		line += " " + a
	}
	return h.l.Output(4, line)
}

func (h logHandler) and(f func(slog.Handler) slog.Handler) slog.Handler {
	h.with = append(slices.Clip(h.with), f)
	return h
}

func (h logHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return h.and(func(text slog.Handler) slog.Handler { return text.WithAttrs(as) })
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return h.and(func(text slog.Handler) slog.Handler { return text.WithGroup(name) })
}
