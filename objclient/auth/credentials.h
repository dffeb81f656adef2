// Credentials and CredentialProvider: who we are to the store. Looked for in this order: the
// variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; the profile in
// ~/.aws/credentials, then ~/.aws/config (other places with AWS_SHARED_CREDENTIALS_FILE and
// AWS_CONFIG_FILE); none of them: anonymous, requests are not signed.
//
// The provider is owned by the store's session; any thread. Files are read again when the store has
// refused what they held, at most every ten seconds, so that keys rotated by another program take
// over without a new mount.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/secret.h"
#include "objclient/auth/environment.h"

namespace objclient {

struct Credentials {
  std::string access_key_id;  // empty = anonymous
  base::Secret secret_access_key;
  base::Secret session_token;  // empty for long-term keys
  std::string origin;          // "the environment", "profile 'x' in PATH": for messages
  // When they end, on the clock that never goes back (base::Clock::MonotonicNs); nothing = never.
  std::optional<std::int64_t> expires_ns = std::nullopt;
  bool anonymous() const { return access_key_id.empty(); }
};

// One look at the environment and the files. `profile` empty = AWS_PROFILE, else "default". A
// profile that was asked for and does not exist is kInvalid, and so is half a key pair.
base::Result<Credentials> LoadCredentials(const Environment& environment,
                                          const std::string& profile);

// `asked`, else AWS_REGION, AWS_DEFAULT_REGION, the profile's, else "us-east-1".
std::string FindRegion(const Environment& environment, const std::string& profile,
                       const std::string& asked);

class CredentialProvider {
 public:
  // `clock` must outlive the provider.
  CredentialProvider(Environment environment, std::string profile, base::Clock& clock);

  // May read files; not for a thread that must not touch the disk, unless Get was called before.
  base::Result<Credentials> Get() EXCLUDES(mutex_);
  // The store refused `credentials` (401, 403). True when the next Get looks again, so that trying
  // once more makes sense.
  bool Rejected(const Credentials& credentials) EXCLUDES(mutex_);

 private:
  const Environment environment_;
  const std::string profile_;
  base::Clock& clock_;
  base::Mutex mutex_;
  std::optional<Credentials> current_ GUARDED_BY(mutex_);
  std::int64_t loaded_ns_ GUARDED_BY(mutex_) = 0;
};

}  // namespace objclient
