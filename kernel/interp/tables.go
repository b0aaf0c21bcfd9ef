package interp

// What compiled functions need to be told about values of cells' types.

// rawParams lists compiled functions that must get the representation of a
// cell's value, with the index of the first such parameter.
var rawParams = map[string]int{
	"fmt.Sscan": 1, "fmt.Sscanf": 2, "fmt.Sscanln": 1, "fmt.Fscan": 1, "fmt.Fscanf": 2, "fmt.Fscanln": 1,
	"fmt.Scan": 0, "fmt.Scanf": 1, "fmt.Scanln": 0,
	"sort.Slice": 0, "sort.SliceStable": 0, "sort.SliceIsSorted": 0,
	"encoding/xml.Unmarshal": 1,
	"encoding/binary.Read":   2, "encoding/binary.Write": 2, "encoding/binary.Size": 0,
	"encoding/binary.Decode": 2, "encoding/binary.Encode": 2, "encoding/binary.Append": 2,
	"encoding/asn1.Marshal": 0, "encoding/asn1.Unmarshal": 1,
	"divvy/arrowio.FromStructs": 0, "divvy/arrowio.FromStructsIn": 1,
	"reflect.Swapper": 0, "reflect.ValueOf": 0, "reflect.Indirect": 0,
	"runtime.SetFinalizer": 0,
}

// openers are the runtime's functions that open boxes for some of these: for fmt,
// which finds a type's own Scan, and for gob.
var openers = map[string]string{
	"fmt.Sscan": "OpenScanner", "fmt.Sscanf": "OpenScanner", "fmt.Sscanln": "OpenScanner",
	"fmt.Fscan": "OpenScanner", "fmt.Fscanf": "OpenScanner", "fmt.Fscanln": "OpenScanner",
	"encoding/gob.Encoder.Encode": "OpenExported",
	"divvy/arrowio.FromStructs":   "OpenRows", "divvy/arrowio.FromStructsIn": "OpenRows",
	"divvy/arrowio.Builder.Values": "OpenRows", "divvy/arrowio.Table.WithValues": "OpenRows",
}

// rawMethods is rawParams for methods: "path.Type.Method".
var rawMethods = map[string]int{
	"encoding/xml.Decoder.Decode": 0,
	"encoding/gob.Encoder.Encode": 0, "encoding/gob.Decoder.Decode": 0,
	"divvy/arrowio.Builder.Values": 1, "divvy/arrowio.Table.WithValues": 1,
	"database/sql.Rows.Scan": 0, "database/sql.Row.Scan": 0,
}

// substitutes names the runtime's versions of functions that must know about
// boxes.
var substitutes = map[string]string{
	"time.Sleep":                 "Sleep",
	"runtime.Goexit":             "Goexit",
	"errors.As":                  "ErrorsAs",
	"reflect.TypeOf":             "TypeOf",
	"reflect.New":                "ReflectNew",
	"reflect.Zero":               "ReflectZero",
	"reflect.MakeSlice":          "ReflectMakeSlice",
	"reflect.MakeMap":            "ReflectMakeMap",
	"reflect.DeepEqual":          "DeepEqual",
	"encoding/json.Unmarshal":    "JSONUnmarshal",
	"encoding/xml.Marshal":       "XMLMarshal",
	"encoding/xml.MarshalIndent": "XMLMarshalIndent",
}

// methodSubstitutes is substitutes for methods: the receiver goes first.
var methodSubstitutes = map[string]string{
	"sync.WaitGroup.Wait":          "WGWait",
	"sync.Mutex.Lock":              "Lock",
	"sync.RWMutex.Lock":            "RWLock",
	"sync.RWMutex.RLock":           "RLock",
	"encoding/json.Decoder.Decode": "JSONDecode",
	"encoding/xml.Encoder.Encode":  "XMLEncode",
	"log.Logger.Fatal":             "LoggerFatal",
	"log.Logger.Fatalf":            "LoggerFatalf",
	"log.Logger.Fatalln":           "LoggerFatalln",

	"text/template.Template.Execute":         "TextExecute",
	"text/template.Template.ExecuteTemplate": "TextExecuteNamed",
	"text/template.Template.Funcs":           "TextFuncs",
	"html/template.Template.Execute":         "HTMLExecute",
	"html/template.Template.ExecuteTemplate": "HTMLExecuteNamed",
	"html/template.Template.Funcs":           "HTMLFuncs",

	"reflect.Value.Type":         "ValueType",
	"reflect.Value.Interface":    "ValueInterface",
	"reflect.Value.Field":        "ValueField",
	"reflect.Value.FieldByName":  "ValueFieldByName",
	"reflect.Value.FieldByIndex": "ValueFieldByIndex",
	"reflect.Value.MethodByName": "ValueMethodByName",
	"reflect.Value.NumMethod":    "ValueNumMethod",
	"reflect.Value.Method":       "ValueMethod",
	"reflect.Value.String":       "ValueString",
}

// spacedPrints are the functions that look for strings among their operands.
var spacedPrints = map[string]string{"fmt.Print": "PrintSpaced", "fmt.Sprint": "Spaced", "fmt.Fprint": "FprintSpaced"}
