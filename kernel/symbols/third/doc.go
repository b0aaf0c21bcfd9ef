// Package third holds generated symbol tables: see kernel/symbols.
package third

import _ "embed"

// Bundle is an archive with the export data and documentation of the packages
// in this group.
//
//go:embed zz_bundle.zip
var Bundle []byte
