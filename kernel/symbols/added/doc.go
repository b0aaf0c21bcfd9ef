// Package added holds the symbol tables of the modules that a user has added by
// %pkg. In a checkout it is empty: kernel/modules fills it in the tree from which
// it builds a worker.
package added

import _ "embed"

// Bundle is an archive with the export data and documentation of the packages
// in this group.
//
//go:embed zz_bundle.zip
var Bundle []byte
