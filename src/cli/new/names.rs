//! What providers call the claims of a profile: names without case and punctuation, the likeliest first.

use crate::cli::new::form::Form;

/// A claim, the form of its value, and the names that providers have for it.
pub struct Claim {
    /// The name of OpenID Connect Core §5.1.
    pub name: &'static str,
    /// What a value looks like.
    pub form: Form,
    /// What it is called, word by word; a name of two parts is a member of a member: `name: {first: …}` is `namefirst`.
    pub names: &'static str,
}

/// The claims besides `sub`, in the order in which they are written.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "name",
        form: Form::Name,
        names: "name displayname globalname fullname nameformatted namefull namedisplayname formattedname realname \
                publicname profilename personname charactername printablename uname completename screenname nickname nick cn",
    },
    Claim {
        name: "given_name",
        form: Form::Name,
        names: "givenname firstname namegivenname namefirst namefirstname localizedfirstname fname forename",
    },
    Claim {
        name: "family_name",
        form: Form::Name,
        names: "familyname lastname surname namefamilyname namelast namelastname namesurname localizedlastname lname \
                sn",
    },
    Claim { name: "middle_name", form: Form::Name, names: "middlename namemiddle namemiddlename" },
    Claim { name: "nickname", form: Form::Name, names: "nickname nick alias" },
    Claim {
        name: "preferred_username",
        form: Form::Word,
        names: "preferredusername username login loginname userlogin accountname screenname handle urlname \
                userprincipalname vanity vanityname slug",
    },
    Claim {
        name: "email",
        form: Form::Email,
        names: "email emailaddress primaryemail mail emails emailsemail emailsvalue emailsaddress emailaddresses \
                emailaddressesvalue emailvalue emailaddressvalue useremail accountemail defaultemail contactemail \
                loginemail preferredemail emailprimary emailsaccount emailspreferred workemail personalemail",
    },
    Claim {
        name: "email_verified",
        form: Form::Flag,
        names: "emailverified verifiedemail isemailverified emailconfirmed isemailconfirmed emailisverified \
                hasverifiedemail confirmedemail isverifiedemail emailsverified emailsisverified emailsconfirmed \
                emailsisconfirmed emailisconfirmed mailverified useremailverified primaryemailverified emailvalid \
                isemailvalid",
    },
    Claim {
        name: "picture",
        form: Form::Web,
        names: "picture avatarurl avatar pictureurl profileimageurlhttps profileimageurl profilepictureurl \
                profilepicture profileimage profileimageuri avatarlink avatarhref photourl photo photosvalue \
                photosurl imageurl image imagesurl imageslarge imagehref picturedataurl userimage picurl avatarfull \
                avatarlarge avatarbig avatarhd image512 image192 headimgurl figureurlqq2 figureurlqq1 figureurl2 \
                portraituri portrait thumbnailurl thumbnail usericonurl iconurl icon iconimg imgurl userpicurl \
                userpic face",
    },
    Claim {
        name: "profile",
        form: Form::Web,
        names: "profile profileurl publicprofileurl profilelink profileuri htmlurl permalinkurl permalink weburl \
                linkshtmlhref publicurl link url",
    },
    Claim { name: "website", form: Form::Web, names: "website websiteurl blog homepage homepageurl site" },
    Claim { name: "gender", form: Form::Word, names: "gender sex" },
    Claim { name: "birthdate", form: Form::Date, names: "birthdate birthday dateofbirth dob" },
    Claim {
        name: "zoneinfo",
        form: Form::Zone,
        names: "zoneinfo timezone tz timezoneid timezonename timezoneiana ianatimezone",
    },
    Claim {
        name: "locale",
        form: Form::Language,
        names: "locale language lang preferredlanguage preferredlocale languagecode languagetag userlocale uilocale \
                localecode",
    },
    Claim {
        name: "phone_number",
        form: Form::Phone,
        names: "phonenumber phone mobile mobilephone mobilenumber cellphone primaryphone telephone phonenumbersvalue \
                phonesvalue phonesnumber phonevalue phonenumbervalue",
    },
    Claim {
        name: "phone_number_verified",
        form: Form::Flag,
        names: "phonenumberverified phoneverified isphoneverified phoneconfirmed verifiedphone hasverifiedphone",
    },
];

/// What providers call the lasting id of a person, the likeliest first.
pub const SUBJECTS: &str = "sub id userid uid useruuid uuid userguid guid accountid openid memberid personid customerid profileid playerid \
    characterid encodedid identifier oid objectid xuid identityid employeeid contactid subject pk key idstr iduser \
    unionid gid urn uri";

/// Objects that are not the person: what has a name and an id of its own.
pub const OTHERS: &str = "address app application avatar badge badges client company companies country currency education employer \
    enterprise followers friends group groups hometown image images license links location manager meta metadata \
    organisation organization organizations org orgs permissions photo photos picture plan positions project \
    projects region role roles settings shop site sites state status store subscription team teams tenant work \
    workspace workspaces";

/// Objects that are the person.
pub const PERSONS: &str = "account actor athlete basicprofile currentuser customer identity me member myself person personal player profile \
    self user userinfo users viewer";

/// Where a name stands among words.
pub fn rank(words: &str, name: &str) -> Option<usize> {
    words.split(' ').position(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::new::leaf::plain;

    #[test]
    fn no_name_is_there_twice_and_each_can_be_met() {
        for words in CLAIMS.iter().map(|claim| claim.names).chain([SUBJECTS, OTHERS, PERSONS]) {
            for (number, word) in words.split(' ').enumerate() {
                assert_eq!(plain(word), word);
                assert_eq!(rank(words, word), Some(number), "{word}");
            }
        }
    }
}
