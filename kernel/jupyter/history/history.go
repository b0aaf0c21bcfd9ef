// Package history keeps the cells of all of a user's sessions in one SQLite
// file, so that a console finds them again after a restart. It is a
// [jupyter.History] and knows nothing else of the protocol.
//
// The driver is modernc.org/sqlite: SQLite itself translated to Go, so that the
// kernel stays free of cgo; it follows SQLite's releases and is the most used
// of its kind. Nothing is opened before the first cell has been run or history
// is asked for, and cells are written in the background: neither the start of a
// kernel nor a cell waits for a disk.
package history

import (
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"divvy/kernel/jupyter"
)

const (
	// keepCells is how many cells the file holds at least before old ones go.
	keepCells = 100_000
	// outputMax is how much of a result is kept, in bytes.
	outputMax = 64 << 10
	// patience is how long a statement waits for another kernel's.
	patience = 5 * time.Second
)

const schema = `
CREATE TABLE IF NOT EXISTS sessions (
	session INTEGER PRIMARY KEY AUTOINCREMENT,
	start   TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS cells (
	session INTEGER NOT NULL,
	line    INTEGER NOT NULL,
	input   TEXT NOT NULL,
	output  TEXT NOT NULL,
	PRIMARY KEY (session, line)
) WITHOUT ROWID;`

// File is a history in a file. Several kernels may share one.
type File struct {
	path string
	log  *slog.Logger
	keep int

	mu      sync.Mutex
	wake    sync.Cond
	pending []jupyter.Entry
	writing bool // a batch is being written
	started bool // the writer runs
	closed  bool
	done    chan struct{}

	db      *sql.DB // owned by whoever holds use
	use     sync.Mutex
	err     error // why there is no db; then memory serves
	memory  *jupyter.MemoryHistory
	session int64 // 0 until the first cell is written
}

// Open returns the history in the file at path, which is made, with its folder,
// when it is first needed. A file that cannot be used is reported to log once;
// the history is then kept in memory.
func Open(path string, log *slog.Logger) *File {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &File{path: path, log: log, keep: keepCells, done: make(chan struct{}), memory: jupyter.NewMemoryHistory()}
	f.wake.L = &f.mu
	return f
}

// errClosed is what a history says after Close.
var errClosed = errors.New("the history is closed")

// Append implements jupyter.History. It returns before the cell is written.
func (f *File) Append(e jupyter.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errClosed
	}
	if len(e.Output) > outputMax {
		e.Output = strings.ToValidUTF8(e.Output[:outputMax], "") + "…"
	}
	f.pending = append(f.pending, e)
	if !f.started {
		f.started = true
		go f.write()
	}
	f.wake.Broadcast()
	return nil
}

// write writes what is appended, all that waits in one transaction.
func (f *File) write() {
	defer close(f.done)
	for {
		f.mu.Lock()
		for len(f.pending) == 0 && !f.closed {
			f.wake.Wait()
		}
		batch := f.pending
		f.pending = nil
		f.writing = len(batch) > 0
		f.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if err := f.insert(batch); err != nil {
			f.log.Warn("cells not kept in the history", "cells", len(batch), "err", err)
		}
		f.mu.Lock()
		f.writing = false
		f.wake.Broadcast()
		f.mu.Unlock()
	}
}

// settle waits until what was appended so far is written.
func (f *File) settle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.pending) > 0 || f.writing {
		f.wake.Wait()
	}
}

// open opens the file once; f.use is held. An error stays.
func (f *File) open() error {
	if f.db != nil || f.err != nil {
		return f.err
	}
	f.db, f.err = openDB(f.path)
	if f.err != nil {
		f.db = nil
		f.log.Warn("the history is kept in memory only", "file", f.path, "err", f.err)
	}
	return f.err
}

func openDB(path string) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the history's folder: %w", err)
	}
	// What a user ran is nobody else's business.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the history's file: %w", err)
	}
	file.Close()
	query := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()), "journal_mode(WAL)", "synchronous(NORMAL)",
	}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open the history %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the history %s: %w", path, err)
	}
	return db, nil
}

// insert writes a batch of cells.
func (f *File) insert(batch []jupyter.Entry) error {
	f.use.Lock()
	defer f.use.Unlock()
	if f.open() != nil {
		for _, e := range batch {
			if err := f.memory.Append(e); err != nil {
				return err
			}
		}
		return nil
	}
	tx, err := f.db.Begin()
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // nothing after Commit
	session := f.session
	if session == 0 {
		r, err := tx.Exec("INSERT INTO sessions (start) VALUES (?)", time.Now().UTC().Format(time.RFC3339))
		if err != nil {
			return fmt.Errorf("begin a session: %w", err)
		}
		if session, err = r.LastInsertId(); err != nil {
			return fmt.Errorf("begin a session: %w", err)
		}
		if err := f.prune(tx); err != nil {
			return err
		}
	}
	for _, e := range batch {
		if _, err := tx.Exec("INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?)", session, e.Line, e.Input, e.Output); err != nil {
			return fmt.Errorf("insert cell %d: %w", e.Line, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	f.session = session
	return nil
}

// prune forgets the sessions before the one that holds the oldest cell to keep.
func (f *File) prune(tx *sql.Tx) error {
	_, err := tx.Exec(`DELETE FROM cells WHERE session <
		(SELECT session FROM cells ORDER BY session DESC, line DESC LIMIT 1 OFFSET ?)`, f.keep-1)
	if err != nil {
		return fmt.Errorf("forget old cells: %w", err)
	}
	return nil
}

// Tail implements jupyter.History.
func (f *File) Tail(n int) ([]jupyter.Entry, error) { return f.Search("*", n, false) }

// Range implements jupyter.History.
func (f *File) Range(session, start, stop int) ([]jupyter.Entry, error) {
	return f.query(func() ([]jupyter.Entry, error) {
		if session <= 0 { // relative to the current one
			current := f.session
			if current == 0 { // which nothing has been run in
				if err := f.db.QueryRow("SELECT coalesce(max(session), 0) + 1 FROM sessions").Scan(&current); err != nil {
					return nil, err
				}
			}
			session += int(current)
		}
		if stop <= 0 {
			stop = 1 << 31
		}
		return f.read(`SELECT session, line, input, output FROM cells
			WHERE session = ? AND line >= ? AND line < ? ORDER BY line DESC`, session, start, stop)
	}, func() ([]jupyter.Entry, error) { return f.memory.Range(session, start, stop) })
}

// Search implements jupyter.History.
func (f *File) Search(pattern string, n int, unique bool) ([]jupyter.Entry, error) {
	group, limit := "", -1
	if unique {
		// With max(), SQLite takes the other columns from the row of the maximum.
		group = "GROUP BY input HAVING max(session * 4294967296 + line)"
	}
	if n > 0 {
		limit = n
	}
	return f.query(func() ([]jupyter.Entry, error) {
		return f.read("SELECT session, line, input, output FROM cells WHERE input GLOB ? "+group+
			" ORDER BY session DESC, line DESC LIMIT ?", strings.ReplaceAll(pattern, "[", "[[]"), limit)
	}, func() ([]jupyter.Entry, error) { return f.memory.Search(pattern, n, unique) })
}

// query runs one of the two, after everything that was appended is there.
func (f *File) query(onDisk, inMemory func() ([]jupyter.Entry, error)) ([]jupyter.Entry, error) {
	f.settle()
	f.use.Lock()
	defer f.use.Unlock()
	if f.open() != nil {
		return inMemory()
	}
	entries, err := onDisk()
	if err != nil {
		return nil, fmt.Errorf("read the history %s: %w", f.path, err)
	}
	return entries, nil
}

// read returns the rows of a query from new to old, turned round.
func (f *File) read(query string, args ...any) ([]jupyter.Entry, error) {
	rows, err := f.db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var entries []jupyter.Entry
	for rows.Next() {
		var e jupyter.Entry
		if err := rows.Scan(&e.Session, &e.Line, &e.Input, &e.Output); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
		entries[i], entries[j] = entries[j], entries[i]
	}
	return entries, rows.Err()
}

// Close writes what waits and closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	started := f.started
	f.closed = true
	f.wake.Broadcast()
	f.mu.Unlock()
	if started {
		<-f.done
	}
	f.use.Lock()
	defer f.use.Unlock()
	if f.db == nil {
		return nil
	}
	err := f.db.Close()
	f.db, f.err = nil, errClosed
	if err != nil {
		return fmt.Errorf("close the history %s: %w", f.path, err)
	}
	return nil
}
