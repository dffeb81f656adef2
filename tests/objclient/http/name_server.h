// What this test program resolves names to: it has a getaddrinfo of its own, which libcurl calls.
// Any thread.
#pragma once

namespace objclient {

// Has as many addresses as a test needs: 127.0.0.1 to 127.0.0.4. Other names are resolved as ever.
inline constexpr char kManyAddresses[] = "many.test";
inline constexpr int kManyAddressesCount = 4;
// The lookup of "hangs-FD.test" writes a byte to that socket, which it owns, and does not end
// before the other side closes; no such name is found then.
inline constexpr char kHangs[] = "hangs-";

}  // namespace objclient
