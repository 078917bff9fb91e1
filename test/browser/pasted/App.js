// React code for SecureBite's routes, as people paste it into their applications. Keep it as it is.
import React from "react";
import { UserProvider } from "./UserContext";
import Login from "./Login";
import Profile from "./Profile";
function App() {
return (
<UserProvider>
<Profile />
<Login />
</UserProvider>
);
}
export default App;
