// Package modules lets cells import modules that are not compiled in: it builds a
// worker program that has them, and puts it in the place of the running one.
//
//	%pkg add github.com/google/uuid@v1.6.0
//
// An interpreter cannot load compiled code, and compiled is what a module is to be:
// as fast as the rest, with its assembly and its C. So the worker, and only
// the worker, is linked anew with one more package of symbol tables. The front
// process keeps its sockets, and the old worker its variables, until the new one
// has started and said that it is ready.
//
// # Where Divvy's own source comes from
//
// A worker is built from Divvy, and an installed kernel may have outlived its
// checkout. So the installer leaves an archive of the sources beside the program
// (SourceFile, 3 MB). A program that was built by hand finds the checkout that it
// lies in or runs in. What an archive and the go tool give is built in a folder of
// its own; with -trimpath its name does not matter, and Go's build cache, filled by
// the installer, leaves little to do but to link.
//
// # What is remembered
//
// What was added holds for the notebooks of a folder, and for one user: two
// projects can use two versions of a module, and nobody's kernel is changed by
// opening a folder that came from elsewhere. A notebook that others are to run
// says %pkg add in its first cell, which costs nothing where it has been done.
// Programs are kept in the user's cache under a name made from all that they are
// built from.
package modules
