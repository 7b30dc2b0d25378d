Console.WriteLine("inversescope");
