#include "objclient/auth/form_body.h"

#include "objclient/http/url.h"

namespace objclient {

base::Secret FormBody(const FormFields& fields) {
  constexpr std::size_t kGrowthMax = 3;  // a byte becomes %XX
  std::size_t most = 0;
  for (const auto& [name, value] : fields) {
    most += name.size() + kGrowthMax * value.reveal().size() + 2;
  }
  std::string text;
  text.reserve(most);  // growing would leave copies behind
  for (const auto& [name, value] : fields) {
    const base::Secret encoded(PercentEncode(value.reveal(), false));
    text += (text.empty() ? "" : "&") + name + '=';
    text += encoded.reveal();
  }
  return base::Secret(std::move(text));
}

}  // namespace objclient
