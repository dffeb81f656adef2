// What this test program resolves names to: it has a getaddrinfo of its own, which libcurl calls.
// Any thread.
#pragma once

namespace objclient {

// Has as many addresses as a test needs: 127.0.0.1 to 127.0.0.4. Other names are resolved as ever.
inline constexpr char kManyAddresses[] = "many.test";
inline constexpr int kManyAddressesCount = 4;

}  // namespace objclient
