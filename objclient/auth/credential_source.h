// CredentialSource: one place where credentials may be. A chain asks the sources in order and stays
// with the first that has some; it is asked again when they end. Owned by the chain; one thread at
// a time. The form is the same for both clouds: T is Credentials for S3, a token for Azure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "objclient/auth/credentials.h"

namespace objclient {

// A source that is not meant to be used here, and how one can tell: "AWS_PROFILE is not set".
struct NothingHere {
  std::string why;
};

template <typename T>
using Finding = std::variant<T, NothingHere>;

template <typename T>
class IdentitySource {
 public:
  virtual ~IdentitySource() = default;
  // "environment", "instance metadata": a few words.
  virtual std::string name() const = 0;
  // Blocks: reads files, runs programs, asks services. An error means that credentials are set up
  // here but cannot be had: the chain stops, it must not go on as somebody else.
  virtual base::Result<Finding<T>> Load() = 0;
};

using CredentialSource = IdentitySource<Credentials>;

struct PassedOver {
  std::string source;
  std::string why;
};

template <typename T>
struct Chosen {
  std::unique_ptr<IdentitySource<T>> source;
  T value;
};

// What came of asking the sources in order: the first that has something, or the error of the first
// that should have and failed.
template <typename T>
struct Choice {
  std::vector<PassedOver> passed_over;
  base::Result<Chosen<T>> chosen;
};

template <typename T>
Choice<T> Choose(std::vector<std::unique_ptr<IdentitySource<T>>> sources) {
  std::vector<PassedOver> passed_over;
  for (auto& source : sources) {
    base::Result<Finding<T>> finding = source->Load();
    if (!finding.ok()) {
      return {std::move(passed_over), finding.error().Annotate("credentials: " + source->name())};
    }
    if (auto* value = std::get_if<T>(&*finding)) {
      return {std::move(passed_over), Chosen<T>{std::move(source), std::move(*value)}};
    }
    passed_over.push_back({source->name(), std::get<NothingHere>(*finding).why});
  }
  return {std::move(passed_over),
          base::Error(base::ErrorClass::kAuth, "no credentials are set up on this machine")};
}

// Asks a source that had something when it was chosen; having nothing now is an error.
template <typename T>
base::Result<T> LoadAgain(IdentitySource<T>& source) {
  TRY_ASSIGN(Finding<T> finding, source.Load());
  if (auto* value = std::get_if<T>(&finding)) return std::move(*value);
  return base::Error(base::ErrorClass::kUnavailable,
                     "credentials: " + source.name() +
                         " has none any more: " + std::get<NothingHere>(finding).why);
}

}  // namespace objclient
