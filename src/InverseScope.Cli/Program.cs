using InverseScope.Cli;

using var shell = Shell.OfProcess();
return shell.Finish(CommandLine.Run(args, shell));
