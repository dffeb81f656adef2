#include "tests/objclient/http/name_server.h"

#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "base/fd.h"

namespace {

using Resolve = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

Resolve System() {
  static const auto resolve = reinterpret_cast<Resolve>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return resolve;
}

bool Hangs(const char* name) {
  return name != nullptr &&
         std::strncmp(name, objclient::kHangs, sizeof objclient::kHangs - 1) == 0;
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (Hangs(name)) {
    const base::UniqueFd asking(std::atoi(name + sizeof objclient::kHangs - 1));
    char byte = '?';
    send(asking.get(), &byte, 1, MSG_NOSIGNAL);
    recv(asking.get(), &byte, 1, 0);
    return EAI_NONAME;
  }
  if (name == nullptr || std::strcmp(name, objclient::kManyAddresses) != 0) {
    return System()(name, service, hints, result);
  }
  // One list of many: freeaddrinfo gives every entry back by itself.
  addrinfo** last = result;
  for (int i = 1; i <= objclient::kManyAddressesCount; ++i) {
    const std::string address = "127.0.0." + std::to_string(i);
    if (const int code = System()(address.c_str(), service, hints, last); code != 0) return code;
    while (*last != nullptr) last = &(*last)->ai_next;
  }
  return 0;
}
