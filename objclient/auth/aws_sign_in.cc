#include "objclient/auth/aws_sign_in.h"

#include "base/log.h"
#include "objclient/auth/aws_credential_chain.h"

namespace objclient {

AwsSignIn SignInToAws(const Environment& environment, const std::string& profile,
                      const std::string& region, CredentialHttp::OpenTransport open,
                      base::Clock& clock) {
  // shared_ptr: std::function copies what it holds. The source uses the connection.
  const auto http = std::make_shared<CredentialHttp>(std::move(open), clock);
  const SourceContext context{environment, *http, clock};
  Choice<Credentials> choice = Choose(AwsCredentialChain(context, profile, region));
  if (!choice.chosen.ok()) return {std::move(choice.passed_over), choice.chosen.error()};
  const std::shared_ptr<CredentialSource> source = std::move(choice.chosen->source);
  auto load = [http, source]() -> base::Result<Credentials> {
    TRY_ASSIGN(Credentials fresh, LoadAgain(*source));
    LOG_DEBUG("credentials renewed: {}", fresh.origin);
    return fresh;
  };
  return {std::move(choice.passed_over),
          std::make_unique<Refreshing<Credentials>>(std::move(choice.chosen->value),
                                                    std::move(load), clock)};
}

}  // namespace objclient
