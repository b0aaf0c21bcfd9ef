package arrowio_test

import "github.com/apache/arrow/go/v17/arrow"

func arrowSchema(fields ...arrow.Field) *arrow.Schema { return arrow.NewSchema(fields, nil) }
