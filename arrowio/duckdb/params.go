//go:build cgo && !noduckdb && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package duckdb

/*
extern int duckdb_execute_prepared_arrow(void *prepared, void **out_result);
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// prepared runs statements of which the last one has parameters, and gives the
// last one's result.
func (s *session) prepared(query string, params []any) (result unsafe.Pointer, state int, err error) {
	var all bindings.ExtractedStatements
	n := bindings.ExtractStatements(s.conn, query, &all)
	defer bindings.DestroyExtracted(&all)
	if n == 0 {
		return nil, 0, errors.New(bindings.ExtractStatementsError(all))
	}
	for i := range n {
		if result, state, err = s.statement(all, i, params, i == n-1); err != nil || state != 0 || i == n-1 {
			return result, state, err
		}
		destroyResult(&result)
	}
	return result, state, nil
}

func (s *session) statement(all bindings.ExtractedStatements, i bindings.IdxT, params []any, last bool) (result unsafe.Pointer, state int, err error) {
	var stmt bindings.PreparedStatement
	defer bindings.DestroyPrepare(&stmt)
	if bindings.PrepareExtractedStatement(s.conn, all, i, &stmt) == bindings.StateError {
		return nil, 0, errors.New(bindings.PrepareError(stmt))
	}
	if last {
		if err := bind(stmt, params); err != nil {
			return nil, 0, err
		}
	} else if k := bindings.NParams(stmt); k > 0 {
		return nil, 0, fmt.Errorf("statement %d has %d parameters; only the last may have any", i+1, k)
	}
	state = int(C.duckdb_execute_prepared_arrow(stmt.Ptr, &result))
	return result, state, nil
}

// bind gives the parameters their values: one after another, or by the names in
// one map.
func bind(stmt bindings.PreparedStatement, params []any) error {
	n := int(bindings.NParams(stmt))
	if len(params) == 1 {
		if named, ok := params[0].(map[string]any); ok {
			params = make([]any, n)
			for i := range params {
				name := bindings.ParameterName(stmt, bindings.IdxT(i+1))
				v, ok := named[name]
				if !ok {
					return fmt.Errorf("the query has a parameter $%s, for which there is no value", name)
				}
				params[i] = v
			}
		}
	}
	if len(params) != n {
		return fmt.Errorf("%d values for %d parameters of the query", len(params), n)
	}
	for i, v := range params {
		state, ok := bindOne(stmt, bindings.IdxT(i+1), v)
		if !ok {
			return fmt.Errorf("parameter %d is a %T, which SQL has no value for", i+1, v)
		}
		if state == bindings.StateError {
			return fmt.Errorf("parameter %d: DuckDB refuses %v", i+1, v)
		}
	}
	return nil
}

func bindOne(stmt bindings.PreparedStatement, at bindings.IdxT, value any) (state bindings.State, ok bool) {
	switch v := value.(type) {
	case nil:
		return bindings.BindNull(stmt, at), true
	case time.Time:
		return bindings.BindTimestampTZ(stmt, at, bindings.NewTimestamp(v.UnixMicro())), true
	case []byte:
		return bindings.BindBlob(stmt, at, v), true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Bool:
		return bindings.BindBoolean(stmt, at, v.Bool()), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return bindings.BindInt64(stmt, at, v.Int()), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return bindings.BindUInt64(stmt, at, v.Uint()), true
	case reflect.Float32, reflect.Float64:
		return bindings.BindDouble(stmt, at, v.Float()), true
	case reflect.String:
		return bindings.BindVarcharLength(stmt, at, v.String(), bindings.IdxT(v.Len())), true
	}
	return 0, false
}

// follow tells the share of a query that is done, from 0 to 100, until the
// result is called.
func (s *session) follow(tell func(percent int64)) (stop func()) {
	for _, setting := range []string{"enable_progress_bar = true", "enable_progress_bar_print = false", "progress_bar_time = 0"} {
		_ = s.run("SET " + setting) // without them it tells nothing, which is no fault
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				p := bindings.QueryProgress(s.conn)
				if percent, _, _ := bindings.QueryProgressTypeMembers(&p); percent > 0 {
					tell(int64(percent))
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}
