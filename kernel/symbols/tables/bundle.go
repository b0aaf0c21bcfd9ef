package tables

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"

	"golang.org/x/tools/go/gcexportdata"
)

// bundle makes the archive of a group: for each package the entries
// "export/<path>" (what gcexportdata reads) and "doc/<path>" (JSON: the name
// of a declaration, or Type.Member, -> its doc comment; "" is the package's).
// Entries are packed one by one, so that a reader unpacks only what it needs.
func bundle(l *listing) ([]byte, error) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	add := func(name string, content []byte) error {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
	for _, p := range l.roots {
		tp, err := l.load(p.ImportPath)
		if err != nil {
			return nil, err
		}
		// Without positions and bodies, which nothing here reads: what the
		// compiler writes changes with every line that moves.
		var raw bytes.Buffer
		if err := gcexportdata.Write(&raw, nil, tp); err != nil {
			return nil, fmt.Errorf("export data of %s: %w", p.ImportPath, err)
		}
		docs, err := json.Marshal(docsOf(p))
		if err != nil {
			return nil, err
		}
		if err := add("export/"+p.ImportPath, raw.Bytes()); err != nil {
			return nil, err
		}
		if err := add("doc/"+p.ImportPath, docs); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// docsOf collects the doc comments of a package's exported declarations.
func docsOf(p *listed) map[string]string {
	m := map[string]string{}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range append(p.GoFiles, p.CgoFiles...) {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		if err != nil {
			continue // go list has compiled it: only generated names can miss
		}
		files = append(files, f)
	}
	d, err := doc.NewFromFiles(fset, files, p.ImportPath)
	if err != nil {
		return m
	}
	add := func(name, text string) {
		if text != "" {
			m[name] = text
		}
	}
	funcs := func(prefix string, fs []*doc.Func) {
		for _, f := range fs {
			add(prefix+f.Name, f.Doc)
		}
	}
	values := func(vs []*doc.Value) {
		for _, v := range vs {
			for _, s := range v.Decl.Specs {
				s := s.(*ast.ValueSpec)
				text := s.Doc.Text() + s.Comment.Text()
				if text == "" {
					text = v.Doc
				}
				for _, n := range s.Names {
					if n.IsExported() {
						add(n.Name, text)
					}
				}
			}
		}
	}
	add("", d.Doc)
	funcs("", d.Funcs)
	values(d.Consts)
	values(d.Vars)
	for _, t := range d.Types {
		add(t.Name, t.Doc)
		funcs("", t.Funcs)
		funcs(t.Name+".", t.Methods)
		values(t.Consts)
		values(t.Vars)
		for _, s := range t.Decl.Specs {
			members(s.(*ast.TypeSpec), add)
		}
	}
	return m
}

// members adds the comments of struct fields and interface methods.
func members(s *ast.TypeSpec, add func(name, text string)) {
	var list *ast.FieldList
	switch t := s.Type.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return
	}
	for _, f := range list.List {
		for _, n := range f.Names {
			if n.IsExported() {
				add(s.Name.Name+"."+n.Name, f.Doc.Text()+f.Comment.Text())
			}
		}
	}
}
