// A plugin of PJRT's C API with one device, the host: a program's results are copies of its first argument, and what it was
// asked to compile can be looked up. For the test of our side of the API.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Error { std::string text; };
struct Buffer { std::vector<char> bytes; };
struct Executable { size_t results; };
struct Description { std::string kind = "a device in a test"; } description;
struct Device {} device;
struct Client {} client;
Device *devices[] = {&device};
int alive = 0;

// Words of eight bytes, as the header's structures are laid out on 64-bit machines.
using Word = uint64_t;
template <class T> T *pointer(Word word) { return reinterpret_cast<T *>(word); }
Word word(const void *pointer) { return reinterpret_cast<Word>(pointer); }
void *fail(const char *text) { return new Error{text}; }

void *error_destroy(Word *a) { delete pointer<Error>(a[2]); return nullptr; }
void *error_message(Word *a) {
  auto *error = pointer<Error>(a[2]);
  a[3] = word(error->text.data());
  a[4] = error->text.size();
  return nullptr;
}
void *fine(Word *) { return nullptr; }
void *client_create(Word *a) {
  auto *option = pointer<Word>(a[2]);
  if (a[3] != 1 || std::string(pointer<char>(option[2]), option[3]) != "preallocate" || option[4] != 4 || option[5] != 0)
    return fail("options are off");
  a[8] = word(&client);
  return nullptr;
}
void *addressable_devices(Word *a) {
  if (a[2] != word(&client)) return fail("another client");
  a[3] = word(devices);
  a[4] = 1;
  return nullptr;
}
void *device_description(Word *a) { a[3] = word(&description); return nullptr; }
void *device_kind(Word *a) {
  a[3] = word(description.kind.data());
  a[4] = description.kind.size();
  return nullptr;
}
void *compile(Word *a) {
  auto *program = pointer<Word>(a[3]);
  std::string code(pointer<char>(program[2]), program[3]), format(pointer<char>(program[4]), program[5]);
  if (format != "mlir" || a[5] == 0) return fail("format or options are off");
  if (code.find("nonsense") != std::string::npos) return fail("error: nonsense\nwith a second line");
  a[6] = word(new Executable{static_cast<size_t>(std::stoul(code))});
  return nullptr;
}
void *buffer_from_host(Word *a) {
  if (a[2] != word(&client) || a[10] != word(&device) || a[9] != 0) return fail("where is off");
  size_t size = a[4] == 1 ? 1 : 4;
  for (Word i = 0; i < a[6]; i++) size *= pointer<int64_t>(a[5])[i];
  auto *data = pointer<char>(a[3]);
  a[13] = 0;
  a[14] = word(new Buffer{{data, data + size}});
  alive++;
  return nullptr;
}
void *execute(Word *a) {
  auto *executable = pointer<Executable>(a[2]);
  if (a[5] != 1 || a[6] == 0 || a[9] != word(&device)) return fail("arguments are off");
  auto *arguments = pointer<Word>(pointer<Word>(a[4])[0]);
  auto *results = pointer<Word>(pointer<Word>(a[7])[0]);
  for (size_t i = 0; i < executable->results; i++, alive++) results[i] = word(new Buffer(*pointer<Buffer>(arguments[0])));
  return nullptr;
}
void *buffer_destroy(Word *a) { delete pointer<Buffer>(a[2]); alive--; return nullptr; }
void *buffer_to_host(Word *a) {
  auto *buffer = pointer<Buffer>(a[2]);
  if (a[5] != buffer->bytes.size()) return fail("size is off");
  std::memcpy(pointer<char>(a[4]), buffer->bytes.data(), buffer->bytes.size());
  a[6] = 0;
  return nullptr;
}

Word table[143];

} // namespace

extern "C" int BuffersAlive() { return alive; }

extern "C" const void *GetPjrtApi() {
  for (auto &entry : table) entry = word(reinterpret_cast<void *>(&fine));
  auto set = [](int at, void *(*function)(Word *)) { table[at] = word(reinterpret_cast<void *>(function)); };
  table[0] = sizeof table;
  set(5, error_destroy);
  set(6, error_message);
  set(15, client_create);
  set(21, addressable_devices);
  set(25, compile);
  set(27, buffer_from_host);
  set(31, device_kind);
  set(34, device_description);
  set(60, execute);
  set(63, buffer_destroy);
  set(75, buffer_to_host);
  return table;
}
