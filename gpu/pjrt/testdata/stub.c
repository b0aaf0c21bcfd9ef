// A PJRT plug-in that computes nothing and forgives nothing: it notes every
// structure that is too short, every handle that is used after its end or ended
// twice, and every call out of order. A module's text tells it what to do:
//
//   "outputs=N"  results, each a copy of the argument of the same number
//   "donate=N"   the first N arguments are used up
//   "refuse"     compiling fails        "crash" executing fails, after donation
//   "full"       executing fails for want of memory, before donation
//   "late"       executing succeeds, its event reports an error
//
// The layout of the structures is that of PJRT's C interface, in words.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MINOR
#define MINOR 100
#endif
#ifndef MAJOR
#define MAJOR 0
#endif
#ifndef WORDS
#define WORDS 102
#endif
typedef uint64_t word;

#ifdef NEEDS // the name of a function of a library that must have been loaded before
int NEEDS(void);
#endif

static char notes[4096];
static int ready;
static void note(const char *what, const char *where) {
  size_t n = strlen(notes);
  snprintf(notes + n, sizeof notes - n, "%s: %s\n", where, what);
}

enum kind { ERROR = 1, EVENT, CLIENT, DEVICE, DESCRIPTION, LOADED, EXECUTABLE, BUFFER, KINDS };
struct thing {
  enum kind kind;
  int live, donated, awaited, code, failing;
  char text[512];
  char *data;
  word size;
  struct thing *part;
  int outputs, donate, how;
};
static int count[KINDS];

static struct thing *make(enum kind k) {
  struct thing *t = calloc(1, sizeof *t); // never freed: a late use must be seen
  t->kind = k, t->live = 1, count[k]++;
  return t;
}
static struct thing *error(int code, const char *text) {
  struct thing *t = make(ERROR);
  t->code = code;
  snprintf(t->text, sizeof t->text, "%s", text);
  return t;
}
static struct thing *want(word w, enum kind k, const char *where) {
  struct thing *t = (struct thing *)w;
  if (!t) { note("no handle", where); return 0; }
  if (t->kind != k) { note("a handle of another kind", where); return 0; }
  if (!t->live) { note("used after its end", where); return 0; }
  return t;
}
static void end(word w, enum kind k, const char *where) {
  struct thing *t = want(w, k, where);
  if (!t) return;
  if (k == EVENT && !t->awaited) note("an event ends that nobody waited for", where);
  t->live = 0, count[k]--;
}
static void size(const word *a, word n, const char *where) {
  if (a[0] < n) note("the structure is too short", where);
  if (a[1]) note("an extension that nobody knows", where);
  if (!ready) note("called before the plug-in was initialized", where);
}
#define IN(n) size(a, n, __func__)

static void error_destroy(word *a) { IN(24); end(a[2], ERROR, __func__); }
static void error_message(word *a) {
  IN(40);
  struct thing *t = want(a[2], ERROR, __func__);
  if (t) a[3] = (word)t->text, a[4] = strlen(t->text);
}
static void *error_code(word *a) {
  IN(28);
  struct thing *t = want(a[2], ERROR, __func__);
  if (t) *(int32_t *)&a[3] = t->code;
  return 0;
}
static void *initialize(word *a) {
  if (ready) note("initialized twice", __func__);
  ready = 1;
  IN(16);
  return 0;
}
static void *attributes(word *a) {
  static const int64_t version[3] = {1, 16, 1};
  // Elements longer than today's, as a later version may have.
  static word v[2][8];
  v[0][0] = 64, v[0][2] = (word) "xla_version", v[0][3] = 11, v[0][4] = 1, v[0][5] = 2, v[0][6] = 1;
  v[1][0] = 64, v[1][2] = (word) "stablehlo_current_version", v[1][3] = 25, v[1][4] = 2, v[1][5] = (word)version, v[1][6] = 3;
  IN(32);
  a[2] = (word)v, a[3] = 2;
  return 0;
}
static void *event_destroy(word *a) { IN(24); end(a[2], EVENT, __func__); return 0; }
static void *event_await(word *a) {
  IN(24);
  struct thing *t = want(a[2], EVENT, __func__);
  if (t) t->awaited = 1;
  return t && t->failing ? error(13, "the device fell over") : 0;
}

static struct thing *devices[2];
// What a client does with the store that it is given: it puts what is known of
// this process and asks for the same of all, from a thread of its own.
struct meeting {
  word *a;
  int node, nodes;
  char text[256];
};
static void *make_error(int code, const char *text, word n) {
  char copy[512];
  snprintf(copy, sizeof copy, "%.*s", (int)n, text);
  return error(code, copy);
}
static void *meet(void *arg) {
  struct meeting *m = arg;
  void *(*get)(word *) = (void *(*)(word *))m->a[4], *(*put)(word *) = (void *(*)(word *))m->a[6];
  void *maker = (void *)make_error;
  char key[64], value[64];
  snprintf(key, sizeof key, "stub/%d", m->node), snprintf(value, sizeof value, "node %d", m->node);
  word p[8] = {64, 0, (word)key, strlen(key), (word)value, strlen(value), (word)&maker, m->a[7]};
  if (put(p)) note("putting failed", __func__);
  for (int i = 0; i <= m->nodes; i++) { // the last is not there
    snprintf(key, sizeof key, "stub/%d", i);
    word g[10] = {80, 0, (word)key, strlen(key), i < m->nodes ? 20000 : 10, (word)&maker, m->a[5]};
    struct thing *e = get(g);
    if (e) {
      if (i < m->nodes || e->code != 4) note(e->text, __func__);
      end((word)e, ERROR, __func__);
      strcat(m->text, "and no more");
      continue;
    }
    strncat(m->text, (char *)g[7], g[8]);
    strcat(m->text, ", ");
    ((void (*)(char *))g[9])((char *)g[7]);
  }
  return 0;
}
static void *client_create(word *a) {
  static char seen[512];
  IN(72);
  seen[0] = 0;
  const word *v = (const word *)a[2];
  for (word i = 0; i < a[3]; i++, v += 7) { // exactly 56 bytes each
    if (v[0] != 56) note("an option is not 56 bytes long", __func__);
    char one[128];
    switch ((int32_t)v[4]) {
    case 0: snprintf(one, sizeof one, "%.*s=%.*s;", (int)v[3], (char *)v[2], (int)v[6], (char *)v[5]); break;
    case 1: snprintf(one, sizeof one, "%.*s=%lld;", (int)v[3], (char *)v[2], (long long)v[5]); break;
    case 2: snprintf(one, sizeof one, "%.*s=%lld of %llu;", (int)v[3], (char *)v[2], (long long)((int64_t *)v[5])[0], (unsigned long long)v[6]); break;
    case 3: { float f; memcpy(&f, &v[5], 4); snprintf(one, sizeof one, "%.*s=%.2f;", (int)v[3], (char *)v[2], f); break; }
    default: snprintf(one, sizeof one, "%.*s=%s;", (int)v[3], (char *)v[2], (v[5] & 1) ? "true" : "false");
    }
    if (strncmp(one, "no_device", 9) == 0) return error(5, "no device was found, said the stub");
    strncat(seen, one, sizeof seen - strlen(seen) - 1);
  }
  if (a[4] || a[6]) {
    struct meeting m = {a};
    char *node = strstr(seen, "node_id="), *nodes = strstr(seen, "num_nodes=");
    if (!node || !nodes || !a[4] || !a[6]) return error(3, "a store, but who is it?");
    m.node = atoi(node + 8), m.nodes = atoi(nodes + 10);
    pthread_t t;
    pthread_create(&t, 0, meet, &m);
    pthread_join(t, 0);
    strncat(seen, m.text, sizeof seen - strlen(seen) - 1);
  }
  struct thing *c = make(CLIENT);
  snprintf(c->text, sizeof c->text, "%s", seen);
  for (int i = 0; i < 2; i++) {
    devices[i] = devices[i] ? devices[i] : make(DEVICE);
    devices[i]->code = 7 + i;
    devices[i]->part = devices[i]->part ? devices[i]->part : make(DESCRIPTION);
    devices[i]->part->code = 7 + i;
  }
  a[8] = (word)c;
  return 0;
}
static void *client_destroy(word *a) { IN(24); end(a[2], CLIENT, __func__); return 0; }
static void *platform_name(word *a) { IN(40); want(a[2], CLIENT, __func__); a[3] = (word) "stub", a[4] = 4; return 0; }
static void *platform_version(word *a) {
  IN(40);
  struct thing *c = want(a[2], CLIENT, __func__);
  if (c) a[3] = (word)c->text, a[4] = strlen(c->text);
  return 0;
}
static void *addressable(word *a) { IN(40); want(a[2], CLIENT, __func__); a[3] = (word)devices, a[4] = 2; return 0; }
static void *device_description(word *a) {
  IN(32);
  struct thing *d = want(a[2], DEVICE, __func__);
  if (d) a[3] = (word)d->part;
  return 0;
}
static void *description_id(word *a) {
  IN(28);
  struct thing *d = want(a[2], DESCRIPTION, __func__);
  if (d) *(int32_t *)&a[3] = d->code;
  return 0;
}
static void *description_kind(word *a) {
  static char kind[512];
  IN(40);
  want(a[2], DESCRIPTION, __func__);
  const char *flags = getenv("XLA_FLAGS"); // what a plug-in sees of the environment
  snprintf(kind, sizeof kind, "Stub 1000%s%s", flags ? " with " : "", flags ? flags : "");
  a[3] = (word)kind, a[4] = strlen(kind);
  return 0;
}
static void *memory_stats(word *a) {
  IN(185);
  want(a[2], DEVICE, __func__);
  a[3] = 100, a[4] = 300, *(char *)&a[5] = 1, a[10] = 1000, *(char *)&a[11] = 1;
  return 0;
}

static char last_options[512];
static word last_options_size;
static int number(const char *text, word n, const char *key) {
  char *copy = strndup(text, n), *at = strstr(copy, key);
  int v = at ? atoi(at + strlen(key)) : 0;
  free(copy);
  return v;
}
static int has(const char *text, word n, const char *key) {
  char *copy = strndup(text, n);
  int yes = strstr(copy, key) != 0;
  free(copy);
  return yes;
}
static void *compile(word *a) {
  IN(56);
  if (!want(a[2], CLIENT, __func__)) return error(3, "no client");
  word *p = (word *)a[3];
  size(p, 48, "the program");
  if (p[5] != 4 || memcmp((char *)p[4], "mlir", 4)) note("the format is not mlir", __func__);
  last_options_size = a[5];
  memcpy(last_options, (char *)a[4], a[5] < sizeof last_options ? a[5] : sizeof last_options);
  const char *text = (const char *)p[2];
  if (has(text, p[3], "refuse")) return error(3, "line 1: the stub does not like it");
  struct thing *x = make(LOADED);
  x->outputs = number(text, p[3], "outputs="), x->donate = number(text, p[3], "donate=");
  x->how = has(text, p[3], "crash") ? 1 : has(text, p[3], "full") ? 2 : has(text, p[3], "late") ? 3 : 0;
  a[6] = (word)x;
  return 0;
}
static void *get_executable(word *a) {
  IN(32);
  struct thing *x = want(a[2], LOADED, __func__);
  if (!x) return 0;
  struct thing *e = make(EXECUTABLE);
  e->outputs = x->outputs;
  a[3] = (word)e;
  return 0;
}
static void *executable_destroy(word *a) { IN(24); end(a[2], EXECUTABLE, __func__); return 0; }
static void *loaded_destroy(word *a) { IN(24); end(a[2], LOADED, __func__); return 0; }
static void *num_outputs(word *a) {
  IN(32);
  struct thing *e = want(a[2], EXECUTABLE, __func__);
  if (e) a[3] = e->outputs;
  return 0;
}
static void *compiled_memory(word *a) {
  IN(112);
  want(a[2], EXECUTABLE, __func__);
  for (int i = 3; i < 14; i++) a[i] = i;
  return 0;
}
static struct thing *buffer(const void *data, word n) {
  struct thing *b = make(BUFFER);
  b->data = malloc(n ? n : 1), b->size = n;
  memcpy(b->data, data, n);
  return b;
}
static void *from_host(word *a) {
  IN(120);
  want(a[2], CLIENT, __func__);
  if (!want(a[10], DEVICE, __func__)) return error(3, "no device");
  word n = a[4] == 12 ? 8 : a[4] == 13 ? 2 : a[4] == 6 ? 1 : a[4] == 4 || a[4] == 11 ? 4 : 0;
  if (!n) note("an element type that nobody uses", __func__);
  const int64_t *dims = (const int64_t *)a[5];
  for (word i = 0; i < a[6]; i++) n *= dims[i];
  if (a[7] || a[8]) note("strides", __func__);
  if ((int32_t)a[9] != 0) note("the data must not be needed after the call", __func__);
  struct thing *b = buffer((void *)a[3], n);
  b->part = (struct thing *)a[10];
  a[13] = (word)make(EVENT), a[14] = (word)b;
  return 0;
}
static struct thing *usable(word w, const char *where) {
  struct thing *b = want(w, BUFFER, where);
  if (b && b->donated) { note("a buffer that a run has taken", where); return 0; }
  return b;
}
static void *buffer_destroy(word *a) { IN(24); end(a[2], BUFFER, __func__); return 0; }
static void *device_size(word *a) {
  IN(32);
  struct thing *b = usable(a[2], __func__);
  if (b) a[3] = b->size;
  return 0;
}
static void *is_deleted(word *a) {
  IN(25);
  struct thing *b = want(a[2], BUFFER, __func__);
  if (b) *(char *)&a[3] = b->donated;
  return 0;
}
static void *to_host(word *a) {
  IN(56);
  struct thing *b = usable(a[2], __func__);
  if (!b) return error(3, "no buffer");
  if (a[5] != b->size) return error(3, "the destination has another size");
  memcpy((void *)a[4], b->data, b->size);
  a[6] = (word)make(EVENT);
  return 0;
}
static void *buffer_ready(word *a) { IN(32); usable(a[2], __func__); a[3] = (word)make(EVENT); return 0; }

static void *execute(word *a) {
  IN(80);
  struct thing *x = want(a[2], LOADED, __func__);
  if (!x) return error(3, "no executable");
  size((word *)a[3], 112, "the options of a run");
  word **in = (word **)a[4], **out = (word **)a[7];
  if (x->how == 2) return error(8, "out of memory, said the stub");
  for (word d = 0; d < a[5]; d++) {
    for (word i = 0; i < a[6]; i++)
      if (!usable(in[d][i], __func__)) return error(3, "an argument cannot be used");
    for (int i = 0; i < x->outputs; i++) {
      struct thing *b = (struct thing *)in[d][i % a[6]];
      if (x->how != 1) out[d][i] = (word)buffer(b->data, b->size);
    }
    for (int i = 0; i < x->donate; i++) ((struct thing *)in[d][i])->donated = 1;
    if (x->how != 1) {
      struct thing *e = make(EVENT);
      e->failing = x->how == 3;
      ((word *)a[8])[d] = (word)e;
    }
  }
  return x->how == 1 ? error(13, "an illegal memory access, said the stub") : 0;
}

static word table[WORDS];
const char *stub_notes(void) { return notes; }
int stub_count(word k) { return count[k]; }
const char *stub_options(void) { return last_options; }
word stub_options_size(void) { return last_options_size; }

#ifndef NO_API
void *GetPjrtApi(void) {
#ifdef NEEDS
  NEEDS();
#endif
  void *f[128] = {
      [5] = error_destroy, [6] = error_message, [7] = error_code, [8] = initialize, [9] = attributes,
      [10] = event_destroy, [13] = event_await, [15] = client_create, [16] = client_destroy, [17] = platform_name,
      [19] = platform_version, [21] = addressable, [25] = compile, [27] = from_host, [28] = description_id,
      [31] = description_kind, [34] = device_description, [39] = memory_stats, [45] = executable_destroy,
      [49] = num_outputs, [55] = loaded_destroy, [56] = get_executable, [60] = execute, [63] = buffer_destroy,
      [69] = device_size, [73] = is_deleted, [75] = to_host, [77] = buffer_ready, [101] = compiled_memory,
  };
  for (int i = 5; i < WORDS; i++) table[i] = (word)f[i];
  table[0] = sizeof table;
  table[2] = 24;
  ((int32_t *)&table[4])[0] = MAJOR, ((int32_t *)&table[4])[1] = MINOR;
  return table;
}
#endif
